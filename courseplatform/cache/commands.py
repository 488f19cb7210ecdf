"""``courseplatform forget-shared-answers INI``: for whoever changed the database past the platform."""

import click


@click.command("forget-shared-answers")
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def forget_shared_answers(context: click.Context, ini: str) -> None:
    """Answer anonymous callers anew: after SQL by hand, or a restored backup."""
    registry = context.find_root().obj.registry
    if registry["cache.tokens"] is None:
        raise click.ClickException("No answers are shared: redis.url is not set, or cache.public is false.")
    topics = registry["cache.topics"]
    registry["cache.tokens"].change(topics.all())
    click.echo(f"Whatever was kept of {', '.join(sorted(topics.names))} is forgotten.")
