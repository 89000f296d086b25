//! Reports of PSPs, and what their columns mean.

use clearing::mapping::{Declared, ReferenceKind, ReportMapping};
use formats::limits::MAPPING_BYTES_MAX;
use formats::report::Mapping;
use ledger::limits::{COMPANY_NUMBER_CHARS_MAX, SELLER_NUMBER_CHARS_MAX};
use payments::Psp;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::fields::{FromObject, Object, name, parsed, string};

/// What the columns of a PSP's reports mean, and whose payments they are about.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewMapping {
    /// `swish`, `klarna`, `easy` or `santander`.
    #[schema(value_type = String, example = "swish")]
    psp: Psp,
    /// Which of a payment's references the reports have: `instruction` what we call it at the PSP,
    /// `psp` what the PSP calls it, `psp-second` what else the PSP calls it (the order, charge or
    /// transfer), `merchant` what the merchant calls it, `id` our id.
    #[schema(value_type = String, example = "instruction")]
    reference: ReferenceKind,
    /// The only company whose payments the reports have; all when absent.
    company_number: Option<String>,
    /// The only seller; with a company only.
    seller_number: Option<String>,
    /// The columns, as `key = value` lines; docs/formats/psp-reports.md explains them.
    #[schema(value_type = String, max_length = 16_384)]
    columns: Mapping,
}

/// Which report it is.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes the parameters, which are read one by one")]
pub(in crate::operator) struct WhichReport {
    /// The mapping by which it is read.
    #[param(example = "swish")]
    mapping: String,
    /// The day, where the merchants are.
    #[param(format = Date, example = "2026-11-20")]
    day: String,
}

/// A mapping.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportMapping)]
pub(in crate::operator) struct MappingBody {
    /// What it is called.
    name: String,
    /// The PSP.
    psp: String,
    /// Which of a payment's references the reports have.
    reference: &'static str,
    /// The only company whose payments the reports have.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_number: Option<String>,
    /// The only seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    /// The columns.
    columns: String,
    /// When it was added or changed last.
    changed_at: String,
}

impl FromObject for NewMapping {
    fn from_object(object: &mut Object) -> Option<NewMapping> {
        let psps = "swish, klarna, easy or santander";
        let psp = object.required("psp", parsed(psps, parse_psp));
        let kinds = "instruction, psp, psp-second, merchant or id";
        let reference = object.required("reference", parsed(kinds, ReferenceKind::parse));
        let company_number = object.optional("company_number", name(COMPANY_NUMBER_CHARS_MAX));
        let seller_number = object.optional("seller_number", name(SELLER_NUMBER_CHARS_MAX));
        let columns = object.required("columns", columns);
        let (company_number, seller_number) = (company_number?, seller_number?);
        if seller_number.is_some() && company_number.is_none() {
            object.refuse("company_number", "is required where there is a seller");
            return None;
        }
        Some(NewMapping {
            psp: psp?,
            reference: reference?,
            company_number,
            seller_number,
            columns: columns?,
        })
    }
}

fn parse_psp(word: &str) -> Option<Psp> {
    Psp::ALL.into_iter().find(|psp| psp.as_str() == word)
}

fn columns(value: Value) -> Result<Mapping, String> {
    let text = string(value)?;
    if text.len() > MAPPING_BYTES_MAX {
        return Err(format!("must be at most {MAPPING_BYTES_MAX} bytes"));
    }
    Mapping::parse(&text).map_err(|error| error.to_string())
}

impl NewMapping {
    /// What it says.
    pub(in crate::operator) fn declared(self) -> Declared {
        Declared {
            psp: self.psp.as_str().to_owned(),
            reference: self.reference,
            company: self.company_number,
            seller: self.seller_number,
            columns: self.columns,
        }
    }
}

impl MappingBody {
    /// A mapping as operators see it.
    pub(in crate::operator) fn of(mapping: &ReportMapping) -> MappingBody {
        let declared = &mapping.declared;
        MappingBody {
            name: mapping.name.clone(),
            psp: declared.psp.clone(),
            reference: declared.reference.as_str(),
            company_number: declared.company.clone(),
            seller_number: declared.seller.clone(),
            columns: declared.columns.to_text(),
            changed_at: mapping.changed_at.rfc3339(),
        }
    }
}
