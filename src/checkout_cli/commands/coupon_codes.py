"""`checkout coupon generate|create|codes|disable|enable`: the codes of promotions that have codes of their own."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.commands.coupons import app as app  # these are among its commands
from checkout_cli.csv_files import opened, written_rows
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Limit, Yes, instant
from checkout_cli.output import Output
from checkout_core.codes import BITS, Batch, grouped
from checkout_core.errors import BadSetting, NotFound

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend, BatchListed, CodeListed
    from checkout_core.promotions import Promotion

ISSUED_AT_MOST = 1_000_000
Of = Annotated[str, typer.Argument(metavar="PROMOTION", help="The id of a promotion with by_code = true.")]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Good up to that instant, such as 2027-01-01T00:00:00+01:00; else as its promotion."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the codes there, as CSV. The file must not be there yet.")]
Which = Annotated[str | None, typer.Argument(metavar="[CODE]", help="A code, however it was typed.")]
OfBatch = Annotated[str | None, typer.Option("--batch", metavar="NAME", help="All codes of that batch.")]
OfPromotion = Annotated[str | None, typer.Option("--promotion", metavar="ID", help="All codes that the promotion has now.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: leaked, misprinted.", rich_help_panel=ACTING)]


@app.command()
def generate(
    promotion: Of,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=ISSUED_AT_MOST, help="How many.")],
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="What they begin with: at most 12 letters A-Z and digits.")] = "",
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="NAME", help="What they are called together; else its promotion and the time.")
    ] = None,
    until: Until = None,
    out: Out = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make so many new codes for a promotion: random, with a check symbol, each good as often as its promotion says (per_code).

    All of them are stored, or none. `checkout coupon codes BATCH --out FILE` writes them again at any time.

    Example: checkout coupon generate newsletter --count 1000 --prefix TEA --out codes.csv
    """
    from checkout_core.system import SystemClock

    now, screen = SystemClock().now(), Output(as_json)
    with shop_of(db, config) as backend:
        deal = _with_codes(backend, promotion)
        named = _batch(batch or f"{promotion[:40]}-{now:%Y%m%d-%H%M%S}", promotion, prefix, until)
        _not_there(backend, named, out)
        plan = _plan_of_issue(backend, deal, named, count, out)
        if not agreed(plan, Consent(yes, dry_run), screen):
            return
        part = opened(out)
        try:
            with screen.progress("making codes", count) as told:
                made = backend.codes.issue(named, count, lambda: secrets.randbits(BITS), actor=actor_of(actor), told=told)
        except BaseException:
            if part is not None:
                part.unlink(missing_ok=True)
            raise
        if out is not None and part is not None:
            written_rows(part, COLUMNS, (_row(named, code, "", 0, 0) for code in made))
            part.rename(out)
    _tell(screen, plan, named, len(made), out, grouped(made[0], prefix))


@app.command()
def create(
    promotion: Of,
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="The code, as it is to be typed.")],
    batch: Annotated[str | None, typer.Option("--batch", metavar="NAME", help="What its batch of one is called; else as the code.")] = None,
    until: Until = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Give a promotion one more code, of your choice. Whoever can guess it can use it.

    Example: checkout coupon create newsletter --code PODCAST
    """
    from checkout_core.customers import canonical_code

    screen = Output(as_json)
    try:
        typed = canonical_code(code)
    except ValueError as error:
        raise WrongUsage(f"--code: {error}") from None
    with shop_of(db, config) as backend:
        deal = _with_codes(backend, promotion)
        named = _batch(batch or typed, promotion, "", until)
        taken = next((one for one in backend.promotions() if one.code == typed), None)
        if taken is not None or backend.codes.typed(typed) is not None:
            raise WrongUsage(f"{typed} is a code of {taken.id if taken else 'a batch'} already. Choose another.")
        _not_there(backend, named, None)
        plan = _plan_of_issue(backend, deal, named, 1, None)
        if not agreed(plan, Consent(yes, dry_run), screen):
            return
        backend.codes.store(named, [typed], actor=actor_of(actor))
    _tell(screen, plan, named, 1, None, typed)


@app.command()
def codes(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="The name of a batch, as coupon show tells it.")],
    out: Out = None,
    limit: Limit = 50,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List the codes of a batch with their uses, or write all of them to a file as CSV.

    Example: checkout coupon codes newsletter-20261127-101500 --out codes.csv
    """
    from checkout_cli.rendering.coupon_codes import batch_data, code_data, codes_words

    with shop_of(db, config) as backend:
        found = _known_batch(backend, batch)
        if out is not None:
            part = opened(out)
            assert part is not None
            rows = (_row(found.batch, one.issued.code, one.issued.disabled, one.held, one.used) for one in backend.codes.all(found.batch))
            written = written_rows(part, COLUMNS, rows)
            part.rename(out)
            Output(as_json).show(
                {"codes": [], "batch": batch_data(found), "written": written, "out": str(out)}, lambda: f"{written} codes are in {out}."
            )
            return
        shown = backend.codes.some(found.batch, limit)
    data = {"codes": [code_data(one) for one in shown], "batch": batch_data(found), "written": 0, "out": None}
    Output(as_json).show(data, lambda: codes_words(found, shown, limit))


@app.command()
def disable(
    reason: Reason,
    code: Which = None,
    batch: OfBatch = None,
    promotion: OfPromotion = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a code count no more, or all codes of a batch or of a promotion. Orders keep what they got; a price that was quoted still holds.

    Example: checkout coupon disable --batch newsletter-20261127-101500 --reason "went to the wrong list"
    """
    because(reason)
    _switch(code, batch, promotion, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json), db, config)


@app.command()
def enable(
    code: Which = None,
    batch: OfBatch = None,
    promotion: OfPromotion = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let a code count again, or those of a batch or of a promotion. A code that was disabled alone stays so until it is named alone.

    Example: checkout coupon enable TEA-7K3QM-9XWT2-HV4RD
    """
    _switch(code, batch, promotion, None, "", Consent(yes, dry_run), Output(as_json), db, config)


def _switch(
    code: str | None,
    batch: str | None,
    promotion: str | None,
    reason: str | None,
    actor: str,
    consent: Consent,
    out: Output,
    db: str | None,
    config: Path | None,
) -> None:
    """Disable for that reason, or enable without one."""
    if sum(each is not None for each in (code, batch, promotion)) != 1:
        raise WrongUsage("Name one thing: a code, --batch NAME or --promotion ID.")
    with shop_of(db, config) as backend:
        if code is not None:
            one = backend.codes.typed(code)
            if one is None:
                own = next((p for p in backend.promotions() if p.code is not None and p.code == code.strip().upper()), None)
                if own is not None:
                    raise WrongUsage(
                        f"{own.code} is the one code of {own.id}, and no issued one. Take it out of promotions.toml, and load that."
                    )
                raise NotFound("code", code[:60])
            plan = _plan_of_code(one, reason)
            if agreed(plan, consent, out):
                _done(backend, reason, actor, code=one.issued.code)
                _switched(out, plan, 1, reason)
            return
        found = backend.codes.batches(name=batch, promotion=promotion)
        if not found:
            raise NotFound("batch" if batch is not None else "batch of promotion", (batch or promotion or "")[:60])
        plan = _plan_of_batches(found, reason)
        if agreed(plan, consent, out):
            _done(backend, reason, actor, batches=[one.batch.name for one in found])
            _switched(out, plan, sum(one.issued for one in found), reason)


def _done(backend: Backend, reason: str | None, actor: str, *, code: str | None = None, batches: Sequence[str] = ()) -> None:
    if reason is None:
        backend.codes.enable(code=code, batches=batches)
    else:
        backend.codes.disable(code=code, batches=batches, reason=reason, actor=actor)


def _plan_of_code(one: CodeListed, reason: str | None) -> Plan:
    counts, wanted = not one.issued.disabled, reason is None
    shown = grouped(one.issued.code, one.issued.batch.prefix)
    title = f"{'Enable' if wanted else 'Disable'} {shown}"
    if counts == wanted:
        return Plan(title, (), (f"It {'counts' if counts else 'is disabled'} already.",))
    notes = [f"{one.held} of its uses are held by people who are paying: their price still holds."] if one.held and not wanted else []
    notes += [f"Its batch {one.issued.batch.name} is disabled too ({one.issued.batch.disabled})."] if one.issued.batch.disabled else []
    return Plan(title, (Change(f"code {shown}", _state(one.issued.disabled), _state(reason or "")),), tuple(notes))


def _plan_of_batches(found: Iterable[BatchListed], reason: str | None) -> Plan:
    changes, notes = [], []
    for one in found:
        if bool(one.batch.disabled) == (reason is None):
            changes.append(Change(f"batch {one.batch.name}, {one.issued} codes", _state(one.batch.disabled), _state(reason or "")))
            if one.held and reason is not None:
                notes.append(f"{one.batch.name}: {one.held} uses are held by people who are paying: their price still holds.")
            if one.disabled and reason is None:
                notes.append(f"{one.batch.name}: {one.disabled} codes stay disabled, each for itself.")
        else:
            notes.append(f"{one.batch.name} {'counts' if reason is None else 'is disabled'} already.")
    return Plan("Enable codes" if reason is None else "Disable codes", tuple(changes), tuple(notes))


def _state(disabled: str) -> str:
    return f"disabled: {disabled}" if disabled else "counts"


def _switched(out: Output, plan: Plan, count: int, reason: str | None) -> None:
    from checkout_cli.rendering.tables import note

    words = f"Done: {count} code{'s' if count != 1 else ''} {'count again' if reason is None else 'count no more'}."
    out.show({**plan.data(done=True), "codes": count}, lambda: note(words))


def _with_codes(backend: Backend, id: str) -> Promotion:
    found = next((one for one in backend.promotions() if one.id == id), None)
    if found is None:
        raise NotFound("promotion", id[:60])
    if not found.by_code:
        raise WrongUsage(f"The promotion {found.id} has no codes of its own. Say by_code = true in promotions.toml, and load that.")
    return found


def _batch(name: str, promotion: str, prefix: str, until: str | None) -> Batch:
    try:
        return Batch(name, promotion, prefix.upper(), None if until is None else instant(until))
    except BadSetting as error:
        raise WrongUsage(f"--{error.place}: {error.problem}. {error.cure}") from None


def _not_there(backend: Backend, batch: Batch, out: Path | None) -> None:
    if backend.codes.batches(name=batch.name):
        raise WrongUsage(f"There is a batch {batch.name} already. Name another: --batch NAME.")
    if out is not None and out.exists():
        raise WrongUsage(f"{out} is there already. Name another file, or move it away.")


def _plan_of_issue(backend: Backend, deal: Promotion, batch: Batch, count: int, out: Path | None) -> Plan:
    before = sum(one.issued for one in backend.codes.batches(promotion=deal.id))
    often = "without a limit of its own" if deal.per_code is None else "once" if deal.per_code == 1 else f"{deal.per_code} times"
    notes = [f"Each can be used {often}."]
    notes += [f"Good up to {batch.until:%Y-%m-%d %H:%M} UTC."] if batch.until else []
    notes += [f"They are written to {out}."] if out else []
    changes = (Change(f"codes of {deal.id}", str(before), str(before + count)), Change("batch", "not there", batch.name))
    return Plan(f"Issue {count} code{'s' if count != 1 else ''} for {deal.name}", changes, tuple(notes))


def _known_batch(backend: Backend, name: str) -> BatchListed:
    found = backend.codes.batches(name=name)
    if not found:
        raise NotFound("batch", name[:60])
    return found[0]


COLUMNS = ("code", "promotion", "batch", "until", "disabled", "held", "used")


def _row(batch: Batch, code: str, disabled: str, held: int, used: int) -> tuple[object, ...]:
    until = "" if batch.until is None else batch.until.isoformat()
    return grouped(code, batch.prefix), batch.promotion, batch.name, until, disabled or batch.disabled, held, used


def _tell(screen: Output, plan: Plan, batch: Batch, count: int, out: Path | None, such_as: str) -> None:
    from checkout_cli.rendering.tables import note

    where = f"They are in {out}." if out else f"To write them to a file: checkout coupon codes {batch.name} --out FILE"
    to = None if out is None else str(out)
    issued = {"batch": batch.name, "promotion": batch.promotion, "codes": count, "such_as": such_as, "out": to}
    words = f"Done: {count} code{'s' if count != 1 else ''}, such as {such_as}. {where}"
    screen.show({**plan.data(done=True), "issued": issued}, lambda: note(words))
