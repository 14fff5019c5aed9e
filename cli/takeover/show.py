"""Tables of a takeover that people read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from cli.takeover import afterwards, guard
from cli.takeover.model import AdoptionDecision, AdoptionVerdict, PlannedChange, TakeoverPlan

_STAYS = {
    "AWS::Lambda::Version": "belongs to its function",
    "AWS::ApiGateway::Deployment": "the stage moves to the program's own",
    "AWS::Lambda::Permission": "the program grants its own",
    "AWS::IAM::Role": "the program makes its own",
    "AWS::IAM::Policy": "the program makes its own",
    "AWS::CodeDeploy::Application": "the program makes its own",
    "AWS::CodeDeploy::DeploymentGroup": "the program makes its own",
}
"""Why a kind of resource usually stays with CloudFormation."""


def plan_tables(plan: TakeoverPlan, console: Console | None = None) -> None:
    """Both sides of a plan, and what the update after it does."""
    out = console or Console()
    state = f"is {plan.status}" if plan.status else "doesn't run: names are taken from the template"
    out.print(f"[bold]{plan.stack_name}[/] {state}", highlight=False)
    _taken(out, plan.of(AdoptionVerdict.TAKEN), plan.done)
    _stays(out, plan)
    _others(out, "is made by the next update", plan.of(AdoptionVerdict.NEW, AdoptionVerdict.OWN))
    _others(out, "exists, but isn't the template's: left alone", plan.of(AdoptionVerdict.OUTSIDE), "yellow")
    _others(out, "more than one fits: left alone", plan.of(AdoptionVerdict.AMBIGUOUS), "yellow")
    _changes(out, plan.changes)
    if reason := guard.refusal(plan.changes):
        out.print(f"[red]refused:[/] {reason}", soft_wrap=True, highlight=False)


def next_steps(plan: TakeoverPlan, console: Console | None = None) -> None:
    """What a person does next, in order."""
    out = console or Console()
    out.print("[bold]Next[/]")
    for number, step in enumerate(afterwards.steps(plan), 1):
        out.print(f"  {number}. {step}", soft_wrap=True, highlight=False, markup=False)


def _taken(out: Console, decisions: Sequence[AdoptionDecision], done: bool) -> None:
    table = _table("template", "program", "import id")
    for each in decisions:
        table.add_row(each.logical_id, f"[green]{_short(each.kind)}[/] {each.name}", each.identifier)
    out.print(f"\n[bold]{'is taken over' if done else 'would be taken over'}[/] ({len(decisions)})", highlight=False)
    out.print(table)


def _stays(out: Console, plan: TakeoverPlan) -> None:
    if not plan.left:
        return
    table = _table("template", "type", "physical id", "")
    for each in plan.left:
        table.add_row(each.logical_id, each.kind, each.physical_id or each.name or "?", _STAYS.get(each.kind, ""))
    out.print(f"\n[bold]stays where it is[/] ({len(plan.left)})", highlight=False)
    out.print(table)


def _others(out: Console, title: str, decisions: Sequence[AdoptionDecision], style: str = "cyan") -> None:
    if not decisions:
        return
    table = _table("program", "")
    for each in decisions:
        table.add_row(f"[{style}]{_short(each.kind)}[/] {each.name}", each.note or each.identifier)
    out.print(f"\n[bold]{title}[/] ({len(decisions)})", highlight=False)
    out.print(table)


def _changes(out: Console, changes: Sequence[PlannedChange]) -> None:
    shown = [each for each in changes if each.operation != "create"]
    if not shown:
        return
    table = _table("program", "", "differs in")
    for each in shown:
        style = "red" if guard.blocking([each]) else "yellow"
        differs = ", ".join(each.properties)
        table.add_row(f"{_short(each.kind)} {each.name}", f"[{style}]{each.operation}[/]", differs)
    out.print(f"\n[bold]the next update changes[/] ({len(shown)})", highlight=False)
    out.print(table)


def _table(*columns: str) -> Table:
    """A table that breaks long ids instead of cutting them."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _short(kind: str) -> str:
    """``aws:sqs:Queue`` for ``aws:sqs/queue:Queue``, as the engine prints types."""
    package, module, name = kind.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"
