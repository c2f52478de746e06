//! Parts of a document that a database keeps as text because they repeat from trace to trace and are stored
//! once however often they are seen.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trace_core::model::{self, Mode, Protocols, Trace, TraceKind};

use super::schema::{Located, Origin, Settings, Target};
use super::value::Text;
use super::{decode, encode};

/// What was asked of a trace, by whom and from where: equal for every trace that a timer makes.
#[derive(Serialize, Deserialize)]
struct Setup {
    kind: Text<TraceKind>,
    vantage: Option<String>,
    target: Option<Target>,
    source: Option<Text<IpAddr>>,
    origin: Option<Origin>,
    protocol: Option<Text<Protocols>>,
    mode: Option<Text<Mode>>,
    settings: Option<Settings>,
}

/// The part of `trace` that was settled before it began.
pub(crate) fn setup_to_text(trace: &Trace) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Setup {
        kind: Text(trace.kind),
        vantage: trace.vantage.clone(),
        target: trace.target.as_ref().map(encode::target),
        source: trace.source.map(Text),
        origin: trace.origin.map(encode::origin),
        protocol: trace.protocol.map(Text),
        mode: trace.mode.map(Text),
        settings: trace.settings.as_ref().map(encode::settings),
    })
}

/// Puts back into `trace` what [`setup_to_text`] kept, or says what is wrong with it.
pub(crate) fn setup_from_text(text: &str, trace: &mut Trace) -> Result<(), String> {
    let setup: Setup = serde_json::from_str(text).map_err(|error| error.to_string())?;
    trace.kind = setup.kind.0;
    trace.vantage = setup.vantage;
    trace.target = setup.target.map(decode::target);
    trace.source = setup.source.map(|Text(source)| source);
    trace.origin = setup.origin.map(decode::origin).transpose().map_err(|wrong| wrong.message)?;
    trace.protocol = setup.protocol.map(|Text(protocol)| protocol);
    trace.mode = setup.mode.map(|Text(mode)| mode);
    trace.settings = setup.settings.map(decode::settings).transpose().map_err(|wrong| wrong.message)?;
    Ok(())
}

/// What is known of an address, as it stands in a document; what is not known is left out.
pub(crate) fn located_to_text(located: &model::Located) -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(encode::located(located))?;
    leave_out_nulls(&mut value);
    serde_json::to_string(&value)
}

fn leave_out_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(leave_out_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_nulls),
        _ => {}
    }
}

/// What [`located_to_text`] kept, or what is wrong with it.
pub(crate) fn located_from_text(text: &str) -> Result<model::Located, String> {
    let located: Located = serde_json::from_str(text).map_err(|error| error.to_string())?;
    decode::located(located).map_err(|wrong| format!("{}: {}", wrong.field, wrong.message))
}
