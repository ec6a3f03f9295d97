#[derive(Debug)]
pub struct X;
