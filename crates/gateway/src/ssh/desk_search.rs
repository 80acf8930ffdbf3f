//! `search TEXT`: statements in recorded sessions, by their shape. That somebody looked is an entry for each session before
//! it is read, so that a search leaves no fewer traces than a replay.

use access::desk_command::Search;
use access::model::SessionRow;
use access::policy::sql::Dialect;
use access::search::{Found, Shape};
use access::statement::{rfc3339, visible};
use access::text;
use tokio::task::spawn_blocking;

use super::desk_seat::{Over, Seat};

/// Sessions that are looked through at a time.
const MOST_SESSIONS: usize = 200;

/// Statements that are shown at a time.
const MOST_FOUND: usize = 1000;

/// Looks through the sessions that the person may see, newest first.
pub(super) async fn run(seat: &mut Seat, wanted: &Search) -> Result<u32, Over> {
    let sessions = match seat.connection.road.searchable(&seat.who, wanted).await {
        Ok(sessions) => sessions,
        Err(refusal) => {
            seat.tell(&format!("{refusal}\n")).await?;
            return Ok(1);
        }
    };
    let all = sessions.len();
    let (mut read, mut unread, mut found) = (0, 0, 0);
    for (row, dialect) in sessions.into_iter().take(MOST_SESSIONS) {
        if found >= MOST_FOUND {
            break;
        }
        match look_through(seat, wanted, &row, dialect, MOST_FOUND - found).await? {
            Some(statements) => {
                read += 1;
                found += statements.len();
                seat.show(&statements.iter().map(|one| line(&row, one)).collect::<String>()).await?;
            }
            None => unread += 1,
        }
    }
    let words = |line, values: &[_]| seat.connection.words(line, values) + "\n";
    let (count, looked, left) = (found.to_string(), read.to_string(), unread.to_string());
    let mut told = words(&text::SEARCH_DONE, &[("found", &*count), ("sessions", &*looked)]);
    if unread > 0 {
        told += &words(&text::SEARCH_UNREAD, &[("sessions", &*left)]);
    }
    if read + unread < all || found >= MOST_FOUND {
        told += &words(&text::SEARCH_CUT, &[]);
    }
    seat.tell(&told).await?;
    Ok(0)
}

/// What one session has of it; nothing if it cannot be read, or may not be any more.
async fn look_through(
    seat: &Seat,
    wanted: &Search,
    row: &SessionRow,
    dialect: Dialect,
    most: usize,
) -> Result<Option<Vec<Found>>, Over> {
    let Some(recordings) = seat.connection.options.recordings.clone() else { return Ok(None) };
    let reason = format!("search: {}", wanted.reason.join(" "));
    if seat.connection.road.look(&seat.who, &row.id, &reason).await.is_err() {
        return Ok(None);
    }
    let (session, shape) = (row.id, Shape::new(dialect, &wanted.text.join(" ")));
    let reading = spawn_blocking(move || shape.find(recordings.recorded(&session)?, most));
    Ok(seat.unless_over(reading).await?.ok().and_then(Result::ok))
}

fn line(row: &SessionRow, found: &Found) -> String {
    let place = format!("{}@{}", row.account, row.target);
    let (at, person, Found { act, verdict, text, .. }) = (rfc3339(found.at), &row.person_name, found);
    format!("{}  {at}  {person:<9} {place:<20} #{act}  {verdict:<5}  {}\n", row.id, visible(text))
}
