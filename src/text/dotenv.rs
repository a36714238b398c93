//! stub
pub struct DotenvFault {
    pub line: usize,
    pub message: String,
}
pub fn parse(_t: &str, _k: impl Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, DotenvFault> {
    Ok(vec![])
}
