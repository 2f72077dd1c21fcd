//! All that is kept, to take away.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::mpsc::{self, Sender};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Admin;
use super::House;
use super::request::Query;
use crate::history::read::{By, CSV_HEAD};

/// Octets sent at once, and how many such pieces may wait for the client.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;
/// Time for all of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A table with commas between its columns (RFC 4180).
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What is told apart.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Each {
    Hour,
    Day,
}

/// How.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// How it is written; a table where nobody says.
    #[param(inline)]
    format: Option<Format>,
    /// What is told apart; hours where nobody says.
    #[param(inline)]
    by: Option<Each>,
}

/// Who followed whom, all that is kept
#[utoipa::path(get, path = "/export", tag = "admin", params(Which), responses(
    (status = 200, content((String = "text/csv"), (String = "application/jsonl")))))]
pub(super) async fn download(
    _: Admin,
    State(house): State<Arc<House>>,
    Query(Which { format, by }): Query<Which>,
) -> Result<Response, Problem> {
    let format = format.unwrap_or(Format::Csv);
    let by = match by {
        None | Some(Each::Hour) => By::Hour,
        Some(Each::Day) => By::Day,
    };
    let (pieces, sent) = mpsc::channel(WAITING);
    let task = Arc::clone(&house);
    tokio::spawn(async move {
        let failed = pieces.clone();
        let written = task.work(move |house| Ok(write(house, by, format, pieces))).await;
        if let Ok(Err(error)) = written {
            // The client sees that it has not got all.
            let _ = failed.send(Err(error)).await;
        }
    });
    let body =
        Body::from_stream(stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent))));
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "trackless.csv"),
        Format::Jsonl => ("application/jsonl", "trackless.jsonl"),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    let head =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((head, body).into_response())
}

fn write(
    house: &House,
    by: By,
    format: Format,
    pieces: Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut reader = house.engine.reader().map_err(io::Error::other)?;
    reader.give_up_after(PATIENCE).map_err(io::Error::other)?;
    let mut out = BufWriter::with_capacity(PIECE, Pieces(pieces));
    if format == Format::Csv {
        out.write_all(CSV_HEAD.as_bytes())?;
    }
    let written = reader.each(by, |kept| match format {
        Format::Csv => kept.write_csv(&mut out),
        Format::Jsonl => kept.write_json(&mut out),
    });
    written.map_err(io::Error::other)??;
    out.flush()
}

/// Sends what is written; waits for a client that is slow.
struct Pieces(Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(octets);
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(piece)).map_err(gone)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
