//! Forms with files (RFC 7578), read piece by piece as they come: a file of any length takes no
//! more memory than what was fed at a time.
//!
//! Invariant: whoever feeds a piece takes everything that can be taken before feeding the next, and
//! then what is kept is shorter than a part's head.

/// The most bytes of one part's head: its header lines.
const HEAD_BYTES_MAX: usize = 4 * 1024;

/// The most parts of one form.
const PARTS_MAX: usize = 32;

/// The most characters of a boundary (RFC 2046 §5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

/// A form that is being read.
#[derive(Debug)]
pub struct Multipart {
    /// What ends a part: a line break, two hyphens and the boundary.
    delimiter: Vec<u8>,
    /// What was fed and not taken yet.
    buffer: Vec<u8>,
    place: Place,
    parts: usize,
}

/// Where reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first delimiter.
    Preamble,
    /// After a delimiter.
    Head,
    /// In a part.
    Content,
    /// After the last delimiter.
    Epilogue,
}

/// What a form is made of, in the order in which it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A part begins. What the sender's file is called is not told: nobody shall rely on it.
    Part {
        /// The field it is for.
        name: String,
    },
    /// Some bytes of that part, at least one.
    Content(Vec<u8>),
}

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The media type is not `multipart/form-data`.
    #[error("the media type is not multipart/form-data")]
    MediaType,
    /// The media type has no boundary, or one that is none.
    #[error("the media type has no boundary of 1 to 70 characters")]
    Boundary,
    /// Something else than a line break or the end follows a boundary.
    #[error("a boundary is followed by neither a line break nor two hyphens")]
    AfterBoundary,
    /// The header lines of a part are too long, or there is no end of them.
    #[error("the header lines of a part are longer than 4096 bytes")]
    HeadTooLong,
    /// A part does not say which field it is for.
    #[error("a part has no Content-Disposition with form-data and a name")]
    Unnamed,
    /// A part is encoded in a way that forms have given up (RFC 7578 §4.7).
    #[error("a part has a Content-Transfer-Encoding")]
    Encoded,
    /// Too many parts.
    #[error("the form has more than 32 parts")]
    TooManyParts,
    /// The body ended before the form did.
    #[error("the form ended early")]
    EndedEarly,
}

impl Multipart {
    /// Begins a form with the body's media type.
    ///
    /// # Errors
    /// [`MultipartError::MediaType`], [`MultipartError::Boundary`].
    pub fn new(content_type: &str) -> Result<Multipart, MultipartError> {
        let (essence, parameters) = parameters(content_type);
        if !essence.eq_ignore_ascii_case("multipart/form-data") {
            return Err(MultipartError::MediaType);
        }
        let boundary = parameters.into_iter().find(|(name, _)| name == "boundary");
        let (_, boundary) = boundary.ok_or(MultipartError::Boundary)?;
        let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let fits = (1..=BOUNDARY_CHARS_MAX).contains(&boundary.len());
        if !fits || !boundary.bytes().all(is_printable) {
            return Err(MultipartError::Boundary);
        }
        Ok(Multipart {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first delimiter may stand at the very beginning, without the line break.
            buffer: b"\r\n".to_vec(),
            place: Place::Preamble,
            parts: 0,
        })
    }

    /// Takes over what has come.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.place == Place::Epilogue {
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece; `None` when more has to be fed first, or the form has ended.
    ///
    /// # Errors
    /// [`MultipartError`]; nothing can be read after it.
    pub fn take_piece(&mut self) -> Result<Option<Piece>, MultipartError> {
        loop {
            match self.place {
                Place::Preamble => {
                    self.take_until_delimiter();
                    if self.place == Place::Preamble {
                        return Ok(None);
                    }
                }
                Place::Head => return self.take_head(),
                Place::Content => {
                    let content = self.take_until_delimiter();
                    if !content.is_empty() {
                        return Ok(Some(Piece::Content(content)));
                    }
                    if self.place == Place::Content {
                        return Ok(None);
                    }
                }
                Place::Epilogue => return Ok(None),
            }
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`MultipartError::EndedEarly`].
    pub fn finish(&self) -> Result<(), MultipartError> {
        if self.place == Place::Epilogue { Ok(()) } else { Err(MultipartError::EndedEarly) }
    }

    /// Takes what comes before the next delimiter, as far as it is there; goes on to the head when
    /// the delimiter is.
    fn take_until_delimiter(&mut self) -> Vec<u8> {
        let mut from = 0;
        loop {
            let rest = self.buffer.get(from..).unwrap_or_default();
            let Some(at) = rest.iter().position(|byte| *byte == b'\r') else {
                return std::mem::take(&mut self.buffer);
            };
            from = from.saturating_add(at);
            let candidate = rest.get(at..).unwrap_or_default();
            if candidate.starts_with(&self.delimiter) {
                let content = self.take(from);
                self.take(self.delimiter.len());
                self.place = Place::Head;
                return content;
            }
            if self.delimiter.starts_with(candidate) {
                return self.take(from);
            }
            from = from.saturating_add(1);
        }
    }

    fn take_head(&mut self) -> Result<Option<Piece>, MultipartError> {
        if self.buffer.starts_with(b"--") {
            self.place = Place::Epilogue;
            self.buffer = Vec::new();
            return Ok(None);
        }
        let searched = self.buffer.get(..HEAD_BYTES_MAX).unwrap_or(&self.buffer);
        let Some(end) = searched.windows(4).position(|window| window == b"\r\n\r\n") else {
            if self.buffer.len() >= HEAD_BYTES_MAX {
                return Err(MultipartError::HeadTooLong);
            }
            return Ok(None);
        };
        self.parts = self.parts.saturating_add(1);
        if self.parts > PARTS_MAX {
            return Err(MultipartError::TooManyParts);
        }
        let head = self.take(end);
        self.take(4);
        self.place = Place::Content;
        // A file's name may be in any encoding; it is not looked at.
        let name = name_of_part(&String::from_utf8_lossy(&head))?;
        Ok(Some(Piece::Part { name }))
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// The field that a part is for, by its header lines. The first line is what followed the boundary.
fn name_of_part(head: &str) -> Result<String, MultipartError> {
    let mut lines = head.split("\r\n");
    if lines.next().is_some_and(|padding| !padding.trim_matches([' ', '\t']).is_empty()) {
        return Err(MultipartError::AfterBoundary);
    }
    let mut found = None;
    for line in lines {
        let Some((header, value)) = line.split_once(':') else { continue };
        if header.eq_ignore_ascii_case("content-transfer-encoding") {
            let is_plain = ["binary", "8bit", "7bit"]
                .iter()
                .any(|plain| plain.eq_ignore_ascii_case(value.trim()));
            if !is_plain {
                return Err(MultipartError::Encoded);
            }
        }
        if header.eq_ignore_ascii_case("content-disposition") {
            let (kind, parameters) = parameters(value);
            let name = parameters.into_iter().find(|(name, _)| name == "name");
            found = name.filter(|_| kind.eq_ignore_ascii_case("form-data"));
        }
    }
    found.map(|(_, name)| name).ok_or(MultipartError::Unnamed)
}

/// A header's value before its parameters, and these with their names in lower case (RFC 9110
/// §5.6.6).
fn parameters(header: &str) -> (&str, Vec<(String, String)>) {
    let (essence, rest) = header.split_once(';').unwrap_or((header, ""));
    let mut found = Vec::new();
    let mut chars = rest.chars().peekable();
    while chars.peek().is_some() {
        let mut name = String::new();
        let mut has_value = false;
        for char in chars.by_ref() {
            match char {
                '=' => has_value = true,
                ';' => {}
                _ => name.push(char),
            }
            if matches!(char, '=' | ';') {
                break;
            }
        }
        if has_value {
            found.push((name.trim().to_ascii_lowercase(), parameter_value(&mut chars)));
        }
    }
    (essence.trim(), found)
}

/// A parameter's value, quoted or not, up to what separates it from the next.
fn parameter_value(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut value = String::new();
    let mut is_quoted = false;
    while let Some(char) = chars.next() {
        match char {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => value.extend(chars.next()),
            ';' if !is_quoted => break,
            _ => value.push(char),
        }
    }
    if value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']) {
        return value.trim().to_owned();
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b";

    /// Reads a form that comes in pieces of `size` bytes: `name=content` for each part.
    fn read(body: &[u8], size: usize) -> Result<Vec<String>, MultipartError> {
        let mut form = Multipart::new(TYPE)?;
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for piece in body.chunks(size) {
            form.feed(piece);
            while let Some(piece) = form.take_piece()? {
                match piece {
                    Piece::Part { name } => parts.push(format!("{name}=").into_bytes()),
                    Piece::Content(content) => parts.last_mut().unwrap().extend(content),
                }
            }
            assert!(form.buffer.len() < HEAD_BYTES_MAX);
        }
        form.finish()?;
        Ok(parts.into_iter().map(|part| String::from_utf8(part).unwrap()).collect())
    }

    /// However it is cut, it is read the same.
    #[track_caller]
    fn check(body: &str, expected: &Result<Vec<&str>, MultipartError>) {
        let expected = expected.clone().map(|parts| parts.into_iter().map(str::to_owned).collect());
        for size in [1, 2, 3, 7, 64, 100_000] {
            assert_eq!(read(body.as_bytes(), size), expected, "in pieces of {size}: {body}");
        }
    }

    fn part(headers: &str, content: &str) -> String {
        format!("--b\r\n{headers}\r\n\r\n{content}\r\n")
    }

    fn named(name: &str, content: &str) -> String {
        part(&format!("Content-Disposition: form-data; name=\"{name}\""), content)
    }

    #[test]
    fn forms_are_read_however_they_come() {
        let two = named("a", "1\r\n2") + &named("å 🦊", "");
        check(&format!("{two}--b--\r\n"), &Ok(vec!["a=1\r\n2", "å 🦊="]));
        check(&format!("before\r\n{two}--b--after"), &Ok(vec!["a=1\r\n2", "å 🦊="]));
        check(
            &format!("{}--b--", named("a", "\r\n--\r\n--c\r\r\n-")),
            &Ok(vec!["a=\r\n--\r\n--c\r\r\n-"]),
        );
        check("--b--", &Ok(vec![]));
        let padded = "--b \t\r\ncontent-disposition:FORM-DATA ;Name=a\r\n\r\nx\r\n--b--";
        check(padded, &Ok(vec!["a=x"]));
        let file = "Content-Type: application/octet-stream\r\nContent-Disposition: form-data; \
                    filename=\"../../; name=\\\"evil\\\"; \"; name=\"file\"";
        check(&format!("{}--b--", part(file, "x")), &Ok(vec!["file=x"]));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        use MultipartError as E;

        check("", &Err(E::EndedEarly));
        check("no form at all", &Err(E::EndedEarly));
        check(&named("a", "1"), &Err(E::EndedEarly));
        check("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx", &Err(E::EndedEarly));
        check("--b\r\nContent-Disposition: form-data; name=a\r\n", &Err(E::EndedEarly));
        check("--b\r\n\r\nx\r\n--b--", &Err(E::Unnamed));
        check(&part("Content-Disposition: form-data", "x"), &Err(E::Unnamed));
        check(&part("Content-Disposition: attachment; name=a", "x"), &Err(E::Unnamed));
        check(&part("X: y", "x"), &Err(E::Unnamed));
        check("--bc\r\nContent-Disposition: form-data; name=a\r\n\r\nx", &Err(E::AfterBoundary));
        let encoded = "Content-Disposition: form-data; name=a\r\n\
                       Content-Transfer-Encoding: base64";
        check(&part(encoded, "eA=="), &Err(E::Encoded));
        let long = |spare: usize| {
            let head = "Content-Disposition: form-data; name=a\r\nX: ";
            // The line break after the boundary and the empty line count as well.
            let fill = HEAD_BYTES_MAX - 2 - head.len() - 4 - spare;
            part(&format!("{head}{}", "x".repeat(fill)), "y") + "--b--"
        };
        check(&long(0), &Ok(vec!["a=y"]));
        check(&long(1), &Ok(vec!["a=y"]));
        check(&format!("--b\r\n{}", "x".repeat(HEAD_BYTES_MAX)), &Err(E::HeadTooLong));
        let many = |count: usize| named("a", "").repeat(count) + "--b--";
        check(&many(PARTS_MAX), &Ok(vec!["a="; PARTS_MAX]));
        check(&many(PARTS_MAX + 1), &Err(E::TooManyParts));
    }

    #[test]
    fn media_types_need_a_boundary() {
        let of = |media: &str| Multipart::new(media).map(|form| form.delimiter[4..].to_vec());
        assert_eq!(of(TYPE), Ok(b"b".to_vec()));
        assert_eq!(of("Multipart/Form-Data; charset=x; BOUNDARY=\"a b;c\""), Ok(b"a b;c".to_vec()));
        let longest = "x".repeat(70);
        assert!(of(&format!("multipart/form-data; boundary={longest}")).is_ok());
        for bad in ["", "=", "; boundary=", "; boundary=\"\"", "; boundary", "; boundary=å"] {
            let media = format!("multipart/form-data{bad}");
            let error =
                if bad == "=" { MultipartError::MediaType } else { MultipartError::Boundary };
            assert_eq!(of(&media), Err(error), "{media}");
        }
        let too_long = of(&format!("multipart/form-data; boundary={longest}x"));
        assert_eq!(too_long, Err(MultipartError::Boundary));
        assert_eq!(of("application/json"), Err(MultipartError::MediaType));
    }

    proptest! {
        /// Any bytes are read or refused, and take no more memory than is fed.
        #[test]
        fn any_bytes_are_read_or_refused(
            body in "(\r\n|--b|--|\r|\n|Content-Disposition: form-data; name=a|[ -~]{0,9}){0,40}",
            size in 1_usize..50,
        ) {
            let whole = read(body.as_bytes(), body.len().max(1));
            prop_assert_eq!(whole, read(body.as_bytes(), size));
        }
    }
}
