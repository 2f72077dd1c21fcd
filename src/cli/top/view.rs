//! How it looks.

use ratatui::Frame;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};

use crate::engine::told::Figures;

/// Columns and lines where there is no terminal.
const PAGE: (u16, u16) = (100, 40);

/// What is going on, and what went on a moment ago.
#[derive(Debug)]
pub(super) struct View {
    now: Figures,
    before: Option<Figures>,
}

impl View {
    pub(super) fn new(figures: Figures) -> Self {
        Self { now: figures, before: None }
    }

    /// What is going on by now.
    pub(super) fn take(&mut self, figures: Figures) {
        self.before = Some(std::mem::replace(&mut self.now, figures));
    }

    /// Whether the house's button is on.
    pub(super) fn is_on(&self) -> bool {
        self.now.button.first().is_none_or(|house| house.button.state == "on")
    }

    /// Of all queries, those a second; since the start where there is nothing to compare with.
    fn rate(&self) -> f64 {
        let all = |figures: &Figures| figures.answers.values().sum::<u64>() as f64;
        let (count, time) = match &self.before {
            Some(before) => (all(&self.now) - all(before), self.now.uptime - before.uptime),
            None => (all(&self.now), self.now.uptime),
        };
        if time > 0.0 { count.max(0.0) / time } else { 0.0 }
    }

    /// Of all answers, those from `source`, in percent.
    fn share(&self, source: &str) -> f64 {
        let all: u64 = self.now.answers.values().sum();
        let part = self.now.answers.get(source).copied().unwrap_or(0);
        if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 }
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let [top, line, middle, bottom, keys] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(3),
        Constraint::Min(6),
        Constraint::Length(view.now.upstreams.len().clamp(1, 6) as u16 + 3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(middle);
    head(frame, top, view);
    minutes(frame, line, view);
    devices(frame, left, view);
    companies(frame, right, view);
    upstreams(frame, bottom, view);
    frame.render_widget(Line::from(" q: leave   b: press the button"), keys);
}

fn head(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let house = view.now.button.first().map(|house| &house.button);
    let (word, colour) = match house.map(|house| (house.state.as_str(), house.left)) {
        Some(("paused", Some(left))) => (format!("OFF for {left} s more"), Color::Yellow),
        Some(("off", _)) => ("OFF".to_owned(), Color::Red),
        _ => ("ON".to_owned(), Color::Green),
    };
    let own = view.now.button.len().saturating_sub(1);
    let own = if own > 0 { format!(", {own} devices have their own") } else { String::new() };
    let text = format!(
        "   {:.1} queries/s   {:.0} % refused   {:.0} % held   {} held in {} KiB   {} waiting",
        view.rate(),
        view.share("filter"),
        view.share("cache"),
        view.now.held,
        view.now.held_bytes >> 10,
        view.now.waiting
    );
    let bold = Style::new().fg(colour).add_modifier(Modifier::BOLD);
    let line = Line::from(vec![Span::styled(word, bold), Span::raw(own), Span::raw(text)]);
    frame.render_widget(Paragraph::new(line).block(Block::bordered().title("Trackless")), area);
}

/// As many of the last minutes as there are columns.
fn minutes(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let columns = usize::from(area.width.saturating_sub(2));
    let first = view.now.minutes.len().saturating_sub(columns);
    let shown = &view.now.minutes[first..];
    let most = shown.iter().max().unwrap_or(&0);
    let title = format!("Refused by minute, at most {most}");
    let line = Sparkline::default().data(shown).block(Block::bordered().title(title));
    frame.render_widget(line, area);
}

fn devices(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let mut devices: Vec<_> = view.now.devices.iter().collect();
    devices.sort_by_key(|device| u64::MAX - device.queries);
    let rows = devices.into_iter().map(|device| {
        let name = match &device.lease {
            Some(lease) if device.name == device.key => lease.clone(),
            _ => device.name.clone(),
        };
        let marks = [(device.off, "off"), (device.around > 0, "goes around")];
        let marks: Vec<_> = marks.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        let (queries, refused) = (device.queries.to_string(), device.refused.to_string());
        Row::new([name, queries, refused, device.profile.clone(), marks.join(", ")])
    });
    let widths = [
        Constraint::Fill(3),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Fill(2),
        Constraint::Length(11),
    ];
    let columns = ["device", "queries", "refused", "profile", ""];
    table(frame, area, "Devices", columns.into(), &widths, rows.collect());
}

fn companies(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.now.companies.iter().take(200).map(|company| {
        Row::new([company.name.clone(), company.refused.to_string(), company.passed.to_string()])
    });
    let widths = [Constraint::Fill(1), Constraint::Length(9), Constraint::Length(9)];
    let columns = vec!["company", "refused", "passed"];
    table(frame, area, "Who tried to follow", columns, &widths, rows.collect());
}

fn upstreams(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.now.upstreams.iter().map(|upstream| {
        let state = if upstream.healthy { "well" } else { "not well" };
        Row::new([
            upstream.url.clone(),
            upstream.queries.to_string(),
            upstream.failures.to_string(),
            format!("{:.1} ms", upstream.mean_ms),
            state.to_owned(),
        ])
    });
    let widths = [
        Constraint::Fill(1),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(10),
        Constraint::Length(9),
    ];
    let columns = vec!["upstream", "queries", "failures", "mean", ""];
    table(frame, area, "Upstreams", columns, &widths, rows.collect());
}

fn table(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    columns: Vec<&str>,
    widths: &[Constraint],
    rows: Vec<Row<'_>>,
) {
    let head = Row::new(columns).style(Style::new().add_modifier(Modifier::DIM));
    let table = Table::new(rows, widths).header(head).block(Block::bordered().title(title));
    frame.render_widget(table, area);
}

/// The same as plain text, once.
pub(super) fn as_text(view: &View) -> String {
    let (columns, lines) = PAGE;
    let Ok(mut terminal) = ratatui::Terminal::new(TestBackend::new(columns, lines));
    let Ok(frame) = terminal.draw(|frame| draw(frame, view));
    let cells = frame.buffer.content().chunks(usize::from(columns));
    let line = |cells: &[ratatui::buffer::Cell]| {
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned() + "\n"
    };
    cells.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::told::{Button, Company, Seen, Stands, Upstream};

    fn figures(uptime: f64, refused: u64) -> Figures {
        Figures {
            uptime,
            button: vec![Stands {
                device: None,
                button: Button { state: "paused".to_owned(), until: Some(190), left: Some(90) },
            }],
            answers: [("filter".to_owned(), refused), ("cache".to_owned(), 30)].into(),
            minutes: vec![0, 2, 4, 8],
            held: 7,
            held_bytes: 4_096,
            waiting: 1,
            devices: vec![Seen {
                name: "Anna's phone".to_owned(),
                key: "device-1".to_owned(),
                given: None,
                tags: Vec::new(),
                lease: None,
                vendor: None,
                card: None,
                addresses: Vec::new(),
                profile: "kids".to_owned(),
                off: true,
                queries: 12,
                refused: 5,
                around: 0,
            }],
            companies: vec![Company { name: "Acme".to_owned(), refused: 5, passed: 2 }],
            upstreams: vec![Upstream {
                url: "tls://9.9.9.9".to_owned(),
                queries: 3,
                failures: 1,
                healthy: false,
                mean_ms: 12.34,
            }],
        }
    }

    #[test]
    fn all_that_goes_on_is_shown() {
        let mut view = View::new(figures(10.0, 10));
        assert!(!view.is_on());
        view.take(figures(12.0, 70));
        let text = as_text(&view);
        for shown in [
            "OFF for 90 s more",
            "30.0 queries/s   70 % refused   30 % held   7 held in 4 KiB   1 waiting",
            "Refused by minute, at most 8",
            "▂▄█",
            "Anna's phone",
            "kids",
            "Acme",
            "tls://9.9.9.9",
            "12.3 ms",
            "not well",
        ] {
            assert!(text.contains(shown), "no `{shown}` in\n{text}");
        }
    }
}
