use super::*;
use crate::value::Column;

#[test]
fn only_types_with_one_spelling_are_keys() {
    let plain = |data_type: DataType| is_plain(&Column::of(data_type).data_type);
    assert!(plain(DataType::INT64) && plain(DataType::TEXT) && plain(DataType::Uuid));
    assert!(!plain(DataType::FLOAT64) && !plain(DataType::Timestamp));
}
