//! The list of result codes (payments v3, `GET /v3/resultcodes`).

use payments::ResultCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Every result code that an answer may have. More may come: callers take unknown ones by their
/// first digits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultCodes {
    /// The codes, in the order of their numbers.
    result_codes: Vec<Listed>,
}

/// A result code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedResultCode)]
struct Listed {
    /// Three numbers of three digits.
    #[schema(pattern = "^[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}$", example = "800.100.153")]
    code: &'static str,
    /// What it means.
    #[schema(example = "transaction declined (invalid CVV)")]
    description: &'static str,
}

impl ResultCodes {
    /// The whole list.
    pub(crate) fn all() -> ResultCodes {
        let list = ResultCode::all()
            .map(|code| Listed { code: code.as_str(), description: code.description() });
        ResultCodes { result_codes: list.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_has_the_contracts_names() {
        let body = serde_json::to_value(ResultCodes::all()).unwrap();
        let list = body["resultCodes"].as_array().unwrap();
        assert_eq!((body.as_object().unwrap().len(), list.len()), (1, 669));
        let first = serde_json::json!({
            "code": "000.000.000", "description": "Transaction succeeded"
        });
        assert_eq!(list[0], first);
        for listed in list {
            assert!(!listed["description"].as_str().unwrap().is_empty(), "{listed}");
        }
    }
}
