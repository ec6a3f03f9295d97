CREATE TABLE prices (sku TEXT PRIMARY KEY, net DECIMAL(10,2), gross DECIMAL(10,2), stock_value DECIMAL(12,2));
