//! Packages for terminals.

use estate::Package;
use estate::limits::{PACKAGE_NAME_CHARS_MAX, PACKAGE_NOTES_CHARS_MAX};
use estate::package::is_model_name;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::customers::customer_id;
use crate::http::fields::{FromObject, Object, Params, lines, parsed, text};

/// What is said of a package to add.
#[derive(Debug)]
pub(in crate::operator) struct NewPackage {
    /// For people.
    pub(in crate::operator) name: String,
    /// The terminals it is for.
    pub(in crate::operator) model_name: String,
    /// Whose it is.
    pub(in crate::operator) customer_id: i64,
    /// For people.
    pub(in crate::operator) notes: Option<String>,
}

/// A package to upload, as it is written: the parts of a form, in any order.
#[derive(Debug, ToSchema)]
#[schema(as = NewPackage)]
#[expect(dead_code, reason = "it is read as `NewPackage`; this describes it")]
pub(in crate::operator) struct NewPackageBody {
    /// The bytes. What the file is called is not looked at.
    #[schema(content_media_type = "application/octet-stream")]
    file: String,
    /// For people.
    #[schema(min_length = 1, max_length = 200, example = "Payment application 1.4")]
    name: String,
    /// The terminals it is for: one model, `ALL` and a family, or `ALL`.
    #[schema(example = "ALL Carbon")]
    model_name: String,
    /// Whose it is: the customer and all below it may use it.
    #[schema(minimum = 1, example = 1)]
    customer_id: i64,
    /// For people.
    #[schema(min_length = 1, max_length = 2000)]
    notes: Option<String>,
}

/// Which packages are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct PackageFilter {
    /// The packages of this customer; not those of the customers above it, which it may use too.
    #[param(minimum = 1)]
    customer_id: Option<i64>,
    /// Packages with this `model_name`.
    model_name: Option<String>,
}

/// A package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Package)]
pub(in crate::operator) struct PackageBody {
    /// What Access calls it.
    #[schema(example = 1)]
    id: i64,
    /// Whose it is.
    customer_id: i64,
    /// For people.
    name: String,
    /// The terminals it is for.
    model_name: String,
    /// Its length in bytes.
    size: i64,
    /// SHA-256 of its bytes, as 64 hexadecimal digits.
    sha256: String,
    /// When it was uploaded.
    time_created: String,
    /// For people.
    notes: Option<String>,
}

impl FromObject for NewPackage {
    fn from_object(object: &mut Object) -> Option<NewPackage> {
        let name = object.required("name", text(PACKAGE_NAME_CHARS_MAX));
        let expected = "a terminal model, ALL and a family, like \"ALL Carbon\", or ALL";
        let model = |text: &str| is_model_name(text).then(|| text.to_owned());
        let model_name = object.required("model_name", parsed(expected, model));
        let customer = |text: &str| text.parse().ok().filter(|number: &i64| *number > 0);
        let customer_id = object.required("customer_id", parsed("the id of a customer", customer));
        let notes = object.optional("notes", lines(PACKAGE_NOTES_CHARS_MAX));
        Some(NewPackage {
            name: name?,
            model_name: model_name?,
            customer_id: customer_id?,
            notes: notes?,
        })
    }
}

impl NewPackage {
    /// What is said, in one way of writing it.
    pub(in crate::operator) fn fields(&self) -> Map<String, Value> {
        [
            ("name", Value::from(self.name.as_str())),
            ("model_name", Value::from(self.model_name.as_str())),
            ("customer_id", Value::from(self.customer_id)),
            ("notes", Value::from(self.notes.clone())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl PackageFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<PackageFilter> {
        let customer_id = customer_id(params);
        let model_name = params.optional("model_name", "a text", |text| Some(text.to_owned()));
        Some(PackageFilter { customer_id: customer_id?, model_name: model_name? })
    }

    /// Whether a package is listed.
    pub(in crate::operator) fn suits(&self, package: &Package) -> bool {
        self.customer_id.is_none_or(|customer| customer == package.customer)
            && self.model_name.as_ref().is_none_or(|name| *name == package.model_name)
    }
}

impl PackageBody {
    /// A package as clients see it.
    pub(in crate::operator) fn of(package: &Package) -> PackageBody {
        PackageBody {
            id: package.number,
            customer_id: package.customer,
            name: package.name.clone(),
            model_name: package.model_name.clone(),
            size: package.size,
            sha256: package.sha256.clone(),
            time_created: package.created_at.rfc3339(),
            notes: package.notes.clone(),
        }
    }
}
