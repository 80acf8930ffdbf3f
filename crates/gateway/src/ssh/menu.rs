//! The menu: `ssh -t person@gateway` without a command. Every entry is a command of the desk, asked for in fields.

use access::desk_command::{AccessWanted, Because, DeskCommand, Wanted, Where, parse_duration};
use access::model::{PermitId, RequestId};
use access::text::{self, Line};

use super::desk_seat::{Over, Seat};
use super::desk_watch;
use super::menu_page::Page;

/// What a person does after an entry.
enum Next {
    Stay,
    Quit,
}

/// Shows the menu until it is left.
pub(super) async fn run(seat: &mut Seat) -> Result<u32, Over> {
    let mut page = Page::new(seat);
    page.clear().await?;
    loop {
        match step(&mut page).await {
            Ok(Next::Stay) => {}
            Ok(Next::Quit) => break,
            // Ctrl-C leaves what is being done, not the menu.
            Err(Over::Interrupted) => page.rearm().await?,
            Err(over) => return Err(over),
        }
    }
    page.line(&text::MENU_BYE, &[]).await?;
    Ok(0)
}

async fn step(page: &mut Page<'_>) -> Result<Next, Over> {
    let person = page.person();
    page.line(&text::MENU_HEAD, &[("person", &person)]).await?;
    page.line(&text::MENU_ITEMS, &[]).await?;
    let Some(typed) = page.ask(&text::MENU_PROMPT).await? else { return Ok(Next::Quit) };
    match typed.as_str() {
        "" => {}
        "0" | "q" | "quit" | "exit" => return Ok(Next::Quit),
        "1" => requests(page, false).await?,
        "2" => requests(page, true).await?,
        "3" => permits(page).await?,
        "4" => page.desk(DeskCommand::Targets).await?,
        "5" => ask_for_access(page).await?,
        "6" => sessions(page).await?,
        "7" | "help" | "?" => page.desk(DeskCommand::Help).await?,
        other => page.line(&text::MENU_UNKNOWN, &[("typed", other)]).await?,
    }
    Ok(Next::Stay)
}

async fn requests(page: &mut Page<'_>, all: bool) -> Result<(), Over> {
    page.desk(DeskCommand::Requests { all }).await?;
    let Some(request) = number(page, &text::MENU_REQUEST).await? else { return Ok(()) };
    let request = RequestId(request);
    page.desk(DeskCommand::Show { request, statement: None }).await?;
    if page.ask(&text::MENU_FOLLOW).await?.as_deref() == Some("w") {
        desk_watch::run(page.seat(), request).await?;
    }
    Ok(())
}

async fn permits(page: &mut Page<'_>) -> Result<(), Over> {
    page.desk(DeskCommand::Grants { all: false }).await?;
    match number(page, &text::MENU_PERMIT).await? {
        Some(permit) => page.desk(DeskCommand::Revoke { permit: PermitId(permit) }).await,
        None => Ok(()),
    }
}

async fn sessions(page: &mut Page<'_>) -> Result<(), Over> {
    page.desk(DeskCommand::Sessions { all: false }).await?;
    let Some(typed) = filled(page, &text::MENU_SESSION).await? else { return Ok(()) };
    let Ok(session) = typed.parse() else {
        return page.line(&text::MENU_UNKNOWN, &[("typed", &typed)]).await;
    };
    let Some(reason) = filled(page, &text::MENU_REASON).await? else { return Ok(()) };
    page.desk(DeskCommand::Kill { session, because: Because::new(&reason) }).await
}

/// The fields of `request access`, one after the other; an empty one that is needed gives it up.
async fn ask_for_access(page: &mut Page<'_>) -> Result<(), Over> {
    page.desk(DeskCommand::Targets).await?;
    let Some(target) = filled(page, &text::MENU_TARGET).await? else { return Ok(()) };
    let account = page.ask(&text::MENU_ACCOUNT).await?.filter(|typed| !typed.is_empty());
    let Some(time) = filled(page, &text::MENU_TIME).await? else { return Ok(()) };
    let Ok(seconds) = parse_duration(&time) else {
        return page.line(&text::MENU_UNKNOWN, &[("typed", &time)]).await;
    };
    let Some(reason) = filled(page, &text::MENU_REASON).await? else { return Ok(()) };
    let ticket = filled(page, &text::MENU_TICKET).await?;
    let place = Where { target: Some(target), labels: Vec::new() };
    let because = Because::new(&reason);
    let wanted = AccessWanted { place, account, seconds, because, ticket };
    page.desk(DeskCommand::Request(Wanted::Access(wanted))).await
}

/// What is typed, unless it is nothing.
async fn filled(page: &mut Page<'_>, prompt: &Line) -> Result<Option<String>, Over> {
    Ok(page.ask(prompt).await?.filter(|typed| !typed.is_empty()))
}

async fn number(page: &mut Page<'_>, prompt: &Line) -> Result<Option<i64>, Over> {
    let Some(typed) = filled(page, prompt).await? else { return Ok(None) };
    let number = typed.parse().ok().filter(|&number| number > 0);
    if number.is_none() {
        page.line(&text::MENU_UNKNOWN, &[("typed", &typed)]).await?;
    }
    Ok(number)
}
