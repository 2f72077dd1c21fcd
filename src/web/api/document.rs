//! The description of all this (OpenAPI 3.1), for programs and for people.

use std::fmt::Write as _;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder, Server,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::super::guard::API;
use super::super::problem::Problem;

const ABOUT: &str = "What a Trackless server tells and does. Times are seconds since 1970, durations \
    seconds. Answers carry a weak ETag; lists come in pages, `next` is the `after` of the next one. \
    Whoever asks needs the scope that an operation is tagged with: read, button, admin, each \
    including those before it; by the cookie of a login, or by a token: `Authorization: Bearer \
    trk_…`. Methods other than GET by cookie need the header `X-Trackless: 1`.";

/// As it is sent.
pub(super) struct Document {
    json: String,
    page: String,
}

impl Document {
    /// Of what is described, with the answer to mistakes added to everything.
    pub(super) fn new(mut described: OpenApi) -> Self {
        let info = InfoBuilder::new().title("Trackless").description(Some(ABOUT));
        described.info = info.version(env!("CARGO_PKG_VERSION")).build();
        described.servers = Some(vec![Server::new(API)]);
        let name = Problem::name().into_owned();
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(&name))).build();
        let problem = ResponseBuilder::new()
            .description("What is wrong, and what to do about it.")
            .content("application/problem+json", problem)
            .build();
        for item in described.paths.paths.values_mut() {
            for (_, operation) in operations_mut(item) {
                let responses = &mut operation.responses.responses;
                // Whoever names a mistake means it in the form that all mistakes have.
                for (_, response) in responses.iter_mut().filter(|(status, _)| is_mistake(status)) {
                    *response = RefOr::T(problem.clone());
                }
                responses.insert("default".to_owned(), RefOr::T(problem.clone()));
            }
        }
        let components = described.components.get_or_insert_default();
        components.schemas.insert(name, Problem::schema());
        let json = described.to_json().unwrap_or_default();
        Self { page: page(&described), json }
    }

    pub(super) fn json(&self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.json.clone()).into_response()
    }

    pub(super) fn page(&self) -> Response {
        (StatusCode::OK, Html(self.page.clone())).into_response()
    }
}

fn is_mistake(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A page to read, without anything from elsewhere.
fn page(described: &OpenApi) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Trackless API</title>\n\
         <h1>Trackless API {}</h1>\n<p>{}</p>\n\
         <p>For programs: <a href=\"{root}/openapi.json\">openapi.json</a></p>\n",
        escaped(&described.info.version),
        escaped(ABOUT),
        root = API,
    );
    for (path, item) in &described.paths.paths {
        for (method, operation) in operations_mut(&mut item.clone()) {
            let tags = operation.tags.clone().unwrap_or_default().join(", ");
            let path = format!("{API}{}", escaped(path));
            let _ =
                write!(page, "<h2><code>{method} {path}</code> <small>{tags}</small></h2>\n<p>");
            let said = [&operation.summary, &operation.description];
            for text in said.into_iter().flatten() {
                let _ = write!(page, "{} ", escaped(text));
            }
            page.push_str("</p>\n");
            let parameters = operation.parameters.iter().flatten();
            let told = parameters.filter_map(|parameter| {
                let RefOr::T(parameter) = parameter else { return None };
                let about = escaped(parameter.description.as_deref().unwrap_or(""));
                Some(format!("<dt><code>{}</code><dd>{about}", escaped(&parameter.name)))
            });
            let told: String = told.collect();
            if !told.is_empty() {
                let _ = writeln!(page, "<dl>{told}</dl>");
            }
        }
    }
    page.push_str("</html>\n");
    page
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
