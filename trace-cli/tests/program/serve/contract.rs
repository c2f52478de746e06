//! Answers held against the document that describes the API.

use serde_json::{Map, Value};

use super::Server;
use super::http::Reply;

/// What the server says of itself.
#[derive(Debug)]
pub(super) struct Contract {
    document: Value,
}

impl Contract {
    pub(super) fn of(server: &Server) -> Self {
        Self { document: server.json("/api/v1/openapi.json") }
    }

    /// Every path with what may be done there.
    pub(super) fn paths(&self) -> &Map<String, Value> {
        self.document["paths"].as_object().expect("paths")
    }

    /// Fails unless a value is what a schema of the document permits.
    #[track_caller]
    fn fits(&self, schema: &Value, value: &Value, what: &str) {
        let mut root = schema.as_object().expect("a schema").clone();
        root.insert("components".to_owned(), self.document["components"].clone());
        let validator = jsonschema::validator_for(&Value::Object(root)).expect("a JSON schema");
        let faults: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{what}: {faults:#?}");
    }

    /// A value against a schema that has a name.
    #[track_caller]
    pub(super) fn is(&self, name: &str, value: &Value) {
        self.fits(&self.document["components"]["schemas"][name], value, name);
    }

    /// What is sent to a path must be what the document asks for.
    #[track_caller]
    pub(super) fn takes(&self, path: &str, body: &str) {
        let schema = &self.paths()[path]["post"]["requestBody"]["content"]["application/json"]["schema"];
        self.fits(schema, &serde_json::from_str(body).expect("JSON"), path);
    }

    /// Fails unless an answer has a status that the document tells, the type of content it tells of that status, and the
    /// content it describes.
    #[track_caller]
    pub(super) fn holds(&self, method: &str, path: &str, reply: &Reply) {
        let what = format!("{method} {path}: {}", reply.status);
        let responses = &self.paths()[path][method]["responses"];
        let told = &responses[reply.status.to_string()];
        assert!(told.is_object() || matches!(reply.status, 401 | 429 | 503), "{what} is not in the document");
        let response = if told.is_object() { told } else { &responses["default"] };
        let Some(content) = response["content"].as_object() else {
            assert_eq!(reply.text(), "", "{what} has no content");
            return;
        };
        let kind = reply.header("content-type").unwrap_or_else(|| panic!("{what} has no type"));
        let described = content.get(kind).unwrap_or_else(|| panic!("{what}: {kind} is not in the document"));
        if described["schema"].is_object() {
            let value = serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{what}: {error}"));
            self.fits(&described["schema"], &value, &what);
        }
    }
}
