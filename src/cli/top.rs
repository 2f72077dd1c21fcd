//! `trackless top`: what is going on, as it goes on.

mod view;

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::{Settings, ask, finish, tell};
use crate::control::Order;
use crate::engine::Change;
use crate::engine::told::Figures;
use crate::policy::Press;
use view::View;

/// From one look to the next.
const PACE: Duration = Duration::from_secs(1);

/// Shows it until somebody presses `q`; once, as text, where nobody sits before it.
pub(super) fn run(settings: &Settings) -> Result<(), String> {
    let first: Figures = ask(&Order::Figures, settings)?;
    if !io::stdout().is_terminal() {
        let text = view::as_text(&View::new(first));
        return finish(io::stdout().write_all(text.as_bytes()));
    }
    let mut terminal = ratatui::try_init().map_err(|error| error.to_string())?;
    let result = watch(&mut terminal, View::new(first), settings);
    ratatui::restore();
    result
}

fn watch(
    terminal: &mut ratatui::DefaultTerminal,
    mut view: View,
    settings: &Settings,
) -> Result<(), String> {
    let mut next = Instant::now() + PACE;
    loop {
        terminal.draw(|frame| view::draw(frame, &view)).map_err(|error| error.to_string())?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left).map_err(|error| error.to_string())? {
            let Event::Key(key) = event::read().map_err(|error| error.to_string())? else {
                continue;
            };
            let leaves = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                _ if key.kind != KeyEventKind::Press => continue,
                KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                KeyCode::Char('c') if leaves => return Ok(()),
                KeyCode::Char('b') => press(&view, settings)?,
                _ => continue,
            }
        } else {
            next = Instant::now() + PACE;
        }
        view.take(ask(&Order::Figures, settings)?);
    }
}

/// On where it is off, and off where it is on.
fn press(view: &View, settings: &Settings) -> Result<(), String> {
    let press = if view.is_on() { Press::Off } else { Press::On };
    tell(&Order::Change(Change::Press(None, press)), settings).map(drop)
}
