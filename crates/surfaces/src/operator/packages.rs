//! Packages: software for terminals. The file goes to the disk as it comes, and is kept once all
//! that is said of it is in order.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use engine::limits::BODY_BYTES_MAX;
use estate::command::Outcome;
use estate::package::{AddPackage, PACKAGES};
use estate::{Command, Customer, Package, Refusal};
use http_body_util::BodyExt as _;
use ledger::Idempotency;
use serde_json::{Map, Value};

use super::callers::Operator;
use super::created;
use super::problem::{not_decided, not_granted, not_received, too_large};
use super::wire::packages::{NewPackage, NewPackageBody, PackageBody, PackageFilter};
use crate::Platform;
use crate::http::body::{Segments, fingerprint, idempotency_key, number_in_path};
use crate::http::fields::{FromObject as _, Object, Params};
use crate::http::multipart::{Multipart, MultipartError, Piece};
use crate::http::paging::{List, Page};
use crate::http::problem::Problem;
use crate::http::uploads::{Received, Upload, UploadError};

/// The part of the form that has the bytes.
const FILE: &str = "file";

/// Lists packages, newest first.
#[utoipa::path(get, path = "/packages", tag = "packages", params(PackageFilter, Page),
    responses((status = 200, body = List<PackageBody>)))]
pub(super) async fn list_packages(
    State(platform): State<Platform>,
    mut params: Params,
) -> Result<Json<List<PackageBody>>, Problem> {
    let page = params.page();
    let filter = PackageFilter::take(&mut params);
    params.finish()?;
    let (page, filter) = page.zip(filter).ok_or_else(Problem::bug)?;
    let directory = platform.engine.directory();
    let packages = directory.documents_on(PACKAGES).rev();
    let packages = packages.filter_map(|document| Package::of(document));
    let packages = packages.filter(|package| filter.suits(package));
    Ok(Json(List::of(page, packages, |package| package.number, PackageBody::of)))
}

/// Shows a package.
#[utoipa::path(get, path = "/packages/{package_id}", tag = "packages",
    params(("package_id" = i64, Path, description = "The package's id")),
    responses((status = 200, body = PackageBody)))]
pub(super) async fn get_package(
    State(platform): State<Platform>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<PackageBody>, Problem> {
    params.finish()?;
    let package =
        Package::find(&platform.engine.directory(), number_in_path(&id).unwrap_or_default());
    let package = package.ok_or_else(|| not_granted(&Refusal::PackageNotFound))?;
    Ok(Json(PackageBody::of(&package)))
}

/// Uploads a package. The same bytes are stored once, however often they are uploaded.
#[utoipa::path(post, path = "/packages", tag = "packages",
    request_body(content = NewPackageBody, content_type = "multipart/form-data"),
    params(super::wire::document::IdempotencyKey),
    responses((status = 201, body = PackageBody)))]
pub(super) async fn add_package(
    State(platform): State<Platform>,
    operator: Operator,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(&request)?;
    let mut form = Form::of(&platform, &request)?;
    form.read(&platform, request.into_body()).await?;
    let Form { mut object, file, .. } = form;
    let new = NewPackage::from_object(&mut object);
    if file.as_ref().is_none_or(|file| file.size == 0) {
        object.refuse(FILE, "is required, with at least one byte");
    }
    let known = new.as_ref().map(|new| new.customer_id);
    let known = known.and_then(|number| Customer::find(&platform.engine.directory(), number));
    if new.is_some() && known.is_none() {
        object.refuse("customer_id", "no customer has this id");
    }
    object.finish()?;
    let (new, file) = new.zip(file).ok_or_else(Problem::bug)?;
    let (sha256, size) = (file.sha256.clone(), i64::try_from(file.size));
    let idempotency = key.map(|key| {
        let mut fields = new.fields();
        fields.insert(FILE.to_owned(), Value::from(sha256.clone()));
        Idempotency { key, fingerprint: fingerprint(&platform, &fields) }
    });
    platform.packages.keep(file).await.map_err(not_received)?;
    let command = AddPackage {
        customer: new.customer_id,
        name: new.name,
        model_name: new.model_name,
        notes: new.notes,
        size: size.map_err(|_| Problem::bug())?,
        sha256,
        actor: operator.actor(),
        idempotency,
    };
    let answer = platform.engine.submit(Command::AddPackage(command)).await.map_err(not_decided)?;
    let Outcome::Package(package) = answer.done else { return Err(Problem::bug()) };
    let path = format!("/packages/{}", package.number);
    Ok(created(&path, answer.replayed, &PackageBody::of(&package)))
}

/// The form of an upload, as far as it has come.
struct Form {
    parts: Multipart,
    /// The fields that are texts, and what is wrong with the form.
    object: Object,
    file: Option<Received>,
    /// The bytes that may still come.
    bytes_left: u64,
}

/// The part that is being read.
enum Part {
    None,
    File(Upload),
    Text(String, Vec<u8>),
}

impl Form {
    fn of(platform: &Platform, request: &Request) -> Result<Form, Problem> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let parts = Multipart::new(header(CONTENT_TYPE).unwrap_or_default()).map_err(no_form)?;
        let texts_max = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
        let bytes_left = platform.packages.bytes_max().saturating_add(texts_max);
        let length = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if length.is_some_and(|length: u64| length > bytes_left) {
            return Err(not_received(UploadError::TooLong));
        }
        Ok(Form { parts, object: Object::of(Map::new()), file: None, bytes_left })
    }

    async fn read(&mut self, platform: &Platform, mut body: Body) -> Result<(), Problem> {
        let mut part = Part::None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| no_form(MultipartError::EndedEarly))?;
            let Ok(bytes) = frame.into_data() else { continue };
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let left = self.bytes_left.checked_sub(length);
            self.bytes_left = left.ok_or_else(|| not_received(UploadError::TooLong))?;
            self.parts.feed(&bytes);
            while let Some(piece) = self.parts.take_piece().map_err(no_form)? {
                part = match piece {
                    Piece::Part { name } => {
                        self.end(part).await?;
                        self.begin(platform, name)?
                    }
                    Piece::Content(content) => self.go_on(part, content).await?,
                };
            }
        }
        self.end(part).await?;
        self.parts.finish().map_err(no_form)
    }

    fn begin(&self, platform: &Platform, name: String) -> Result<Part, Problem> {
        if name != FILE {
            return Ok(Part::Text(name, Vec::new()));
        }
        if self.file.is_some() {
            return Err(Problem::field("/file", "is given twice"));
        }
        let upload = platform.packages.begin(&platform.uuid()).map_err(not_received)?;
        Ok(Part::File(upload))
    }

    async fn go_on(&mut self, part: Part, content: Vec<u8>) -> Result<Part, Problem> {
        match part {
            Part::None => Err(Problem::bug()),
            Part::File(upload) => upload.write(content).await.map(Part::File).map_err(not_received),
            Part::Text(name, mut text) => {
                text.extend(content);
                if text.len() > BODY_BYTES_MAX {
                    return Err(too_large("a field is too long"));
                }
                Ok(Part::Text(name, text))
            }
        }
    }

    async fn end(&mut self, part: Part) -> Result<(), Problem> {
        match part {
            Part::None => {}
            Part::File(upload) => self.file = Some(upload.end().await.map_err(not_received)?),
            Part::Text(name, text) => {
                let text = String::from_utf8(text);
                let text = text.map_err(|_| Problem::malformed("a field is not UTF-8"))?;
                self.object.put(name, Value::from(text));
            }
        }
        Ok(())
    }
}

/// Why a form was not read.
fn no_form(error: MultipartError) -> Problem {
    if error == MultipartError::MediaType {
        let title = "The media type is not supported";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Problem::new(status, "unsupported-media-type", title, "send multipart/form-data");
    }
    Problem::malformed(error.to_string())
}
