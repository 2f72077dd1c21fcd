//! Regular expressions, one a line, as Pi-hole has them: `expression;querytype=A,AAAA;reply=…`.

use std::net::IpAddr;

use super::super::pattern::Pattern;
use super::super::terms::{Reply, Terms};
use super::super::{ListRule, Subject};
use super::{BLOCK, Reason, hosts, modifiers, record};

pub(super) fn read_line(text: &[u8], rule: &mut impl FnMut(ListRule<'_>)) -> Result<(), Reason> {
    if text.is_empty() || text.starts_with(b"#") || text.starts_with(b"!") {
        return Ok(());
    }
    let text = std::str::from_utf8(text).map_err(|_| Reason::Form)?;
    let mut parts = text.split(';');
    let expression = parts.next().unwrap_or("");
    let (mut terms, mut invert) = (Terms::default(), false);
    for part in parts {
        match part.trim().split_once('=') {
            None if part.trim() == "invert" => invert = true,
            Some(("querytype", types)) => {
                // `!A,B` is neither of them.
                let (not, types) = types.strip_prefix('!').map_or((false, types), |t| (true, t));
                let mut types = modifiers::types(types, ',').ok_or(Reason::Value("querytype"))?;
                if not {
                    std::mem::swap(&mut types.of, &mut types.not);
                }
                terms.types = types;
            }
            Some(("reply", reply)) => terms.reply = reply_of(reply)?,
            _ => return Err(Reason::UnknownModifier(super::line::shown(part.as_bytes()))),
        }
    }
    let pattern = Pattern::regex(expression, invert)?;
    let subject = Subject::Pattern(&pattern);
    let terms = (!terms.is_empty()).then_some(&terms);
    rule(ListRule { subject, tier: BLOCK, terms, cancels: false });
    Ok(())
}

/// None for an ordinary refusal.
fn reply_of(text: &str) -> Result<Option<Reply>, Reason> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "IP" | "NXDOMAIN" => None,
        "NODATA" => Some(Reply::NoData),
        "REFUSED" => Some(Reply::Rcode(5)),
        "NONE" => Some(Reply::Drop),
        _ => {
            let address: IpAddr = text.parse().map_err(|_| Reason::Value("reply"))?;
            (!hosts::leads_nowhere(address)).then(|| Reply::Record(record::address_record(address)))
        }
    })
}
