"""What ``/metrics`` says of webhooks."""

from courseplatform.testing import Client
from plugins.webhooks.figures import webhook_figures


def test_the_figures_of_webhooks_are_told_with_a_statement_each(client: Client) -> None:
    with client.script() as request:
        told = {metric.name: metric.samples[0].value for metric in webhook_figures(request)}
    assert told == {
        "courseplatform_webhook_lag_seconds": 0,
        "courseplatform_webhook_deliveries": 0,
        "courseplatform_webhooks_disabled": 0,
    }
