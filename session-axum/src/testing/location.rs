//! The target of a redirect (RFC 9110, section 10.2.2; RFC 3986, section 5.2).

use http::header::LOCATION;
use http::{Response, Uri};

/// The scheme and the authority of a browser's pages.
#[derive(Debug)]
pub(crate) struct Origin(String);

/// Where a redirect leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// To this path and query of the browser's origin.
    Here(String),
    /// To another origin, or to no page at all (`mailto:`).
    Elsewhere,
}

impl Origin {
    /// Takes an origin such as `https://localhost`; a path after it is cut off. Without a scheme it is HTTPS, as for
    /// `CookieJar`.
    pub(crate) fn new(origin: &str) -> Self {
        let (scheme, rest) = origin.split_once("://").unwrap_or(("https", origin));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        Self(format!("{scheme}://{authority}").to_ascii_lowercase())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the value of the `Host` header.
    pub(crate) fn host(&self) -> &str {
        match self.0.split_once("://") {
            Some((_scheme, authority)) => authority,
            None => &self.0,
        }
    }

    /// Returns where the response to a request for `path` redirects, or `None` if it does not.
    pub(crate) fn location<R>(&self, path: &str, response: &Response<R>) -> Option<Location> {
        // 300 and 304 may have a Location, and lead nowhere.
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = response.headers().get(LOCATION)?;
        Some(match location.to_str() {
            Ok(location) => self.resolve(path, location),
            Err(_) => Location::Elsewhere,
        })
    }

    fn resolve(&self, path: &str, location: &str) -> Location {
        let (location, _fragment) = location.split_once('#').unwrap_or((location, ""));
        let (here, _query) = path.split_once('?').unwrap_or((path, ""));
        if location.is_empty() {
            return Location::Here(path.to_owned());
        }
        if location.starts_with('?') {
            return Location::Here(format!("{here}{location}"));
        }
        if let Some(authority) = location.strip_prefix("//") {
            let scheme = self.0.split("://").next().unwrap_or("https");
            return self.absolute(&format!("{scheme}://{authority}"));
        }
        // A colon in the first segment ends a scheme.
        let first = location.split(['/', '?']).next().unwrap_or(location);
        if first.contains(':') {
            return self.absolute(location);
        }
        let whole = if location.starts_with('/') {
            location.to_owned()
        } else {
            let (folder, _page) = here.rsplit_once('/').unwrap_or(("", here));
            format!("{folder}/{location}")
        };
        let (target, query) = match whole.split_once('?') {
            Some((target, query)) => (target, format!("?{query}")),
            None => (&*whole, String::new()),
        };
        Location::Here(without_dots(target) + &query)
    }

    fn absolute(&self, location: &str) -> Location {
        let Ok(uri) = location.parse::<Uri>() else {
            return Location::Elsewhere;
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Location::Elsewhere;
        };
        let there = Self::new(&format!("{scheme}://{authority}"));
        if there.without_default_port() != self.without_default_port() {
            return Location::Elsewhere;
        }
        match uri.path_and_query() {
            Some(target) => Location::Here(target.to_string()),
            None => Location::Here("/".to_owned()),
        }
    }

    fn without_default_port(&self) -> &str {
        let port = if self.0.starts_with("https:") {
            ":443"
        } else {
            ":80"
        };
        self.0.strip_suffix(port).unwrap_or(&self.0)
    }
}

/// Removes the segments `.` and `..` (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut segments = Vec::new();
    let mut ends_in_folder = false;
    for segment in path.split('/').skip(1) {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    if ends_in_folder {
        segments.push("");
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Location, Origin};

    #[test]
    fn targets_of_redirects() {
        let origin = Origin::new("HTTPS://Shop.example/start");
        assert_eq!(
            (origin.as_str(), origin.host()),
            ("https://shop.example", "shop.example")
        );
        let here = [
            ("/login?next=/a/b", "/login?next=/a/b"),
            ("", "/a/b?c=1"),
            ("#part", "/a/b?c=1"),
            ("?d=2", "/a/b?d=2"),
            ("e", "/a/e"),
            ("./e?f=../g", "/a/e?f=../g"),
            ("..", "/"),
            ("../h/./i/", "/h/i/"),
            ("../../../j", "/j"),
            ("https://shop.example", "/"),
            ("https://SHOP.example:443/k?l#m", "/k?l"),
            ("//shop.example/n", "/n"),
        ];
        for (location, target) in here {
            let found = origin.resolve("/a/b?c=1", location);
            assert_eq!(found, Location::Here(target.to_owned()), "{location}");
        }
        let elsewhere = [
            "http://shop.example/",
            "https://shop.example:8443/",
            "https://shop.example.org/",
            "//other.example/",
            "mailto:ada@shop.example",
            "https://",
        ];
        for location in elsewhere {
            let found = origin.resolve("/a/b", location);
            assert_eq!(found, Location::Elsewhere, "{location}");
        }
    }
}
