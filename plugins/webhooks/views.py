"""``/webhooks/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import Page, Request, Service

from . import jobs, operations
from .models import Delivery, Webhook
from .permissions import P
from .schemas import (
    DeliveryList,
    Replay,
    ReplayedAnswer,
    SecretAnswer,
    TestedAnswer,
    WebhookBody,
    WebhookList,
    WebhookWithSecretAnswer,
)

ITEM = "/webhooks/{webhook_id}/"

webhooks = Service("webhooks", "/webhooks/")
webhook = Service("webhook", ITEM)
deliveries = Service("webhook_deliveries", ITEM + "deliveries/", facet_of=ITEM)
test = Service("webhook_test", ITEM + "test/", facet_of=ITEM)
replay = Service("webhook_replay", ITEM + "replay/", facet_of=ITEM)
secret = Service("webhook_secret", ITEM + "secret/", facet_of=ITEM)


@webhooks.get(permission=P.LIST, query=WebhookList)
def list_webhooks(request: Request) -> Any:
    """The caller's own webhooks, newest first; administrators see all."""
    asked, found = request.validated["querystring"], select(Webhook)
    if request.identity.role != "admin":
        found = found.where(Webhook.owner_id == request.identity.id)
    if asked["course_id"]:
        found = found.where(Webhook.course_id == asked["course_id"])
    if asked["is_enabled"] is not None:
        found = found.where(Webhook.is_enabled.is_(asked["is_enabled"]))
    return request.paginate(found, order=(Webhook.id,))


@webhooks.post(permission=P.CREATE, body=WebhookBody, answer=WebhookWithSecretAnswer, has_dry_run=False)
def create_webhook(request: Request) -> Any:
    """Have events sent to an address. ``secret`` is in this answer and never again.

    Teachers name a course that they teach (403 for another). 422 for an address that is not public, https, and to be
    found now. 409 ``too_many_webhooks``; 429.
    """
    limit(request)
    made, text = operations.create_webhook(request, owner_id=request.identity.id, **request.validated["body"])
    return {**request.created(made), "secret": text}


@webhook.get(permission=P.OWN)
def show_webhook(request: Request) -> Any:
    """One webhook. ``disabled_reason``: why the platform disabled it, null if its owner did."""
    return request.represent(request.context.row)


@webhook.put(permission=P.OWN, body=WebhookBody)
@webhook.patch(permission=P.OWN, body=WebhookBody)
def update_webhook(request: Request) -> Any:
    """Change a webhook. Disabled, it is sent nothing; enabled again, what happened meanwhile is not sent by itself.

    422 for an address that is not public; 429.
    """
    limit(request)
    operations.update_webhook(request, request.context.row, request.validated["body"])
    return request.represent(request.context.row)


@webhook.delete(permission=P.OWN)
def delete_webhook(request: Request) -> Any:
    """Delete a webhook, and so its ledger."""
    operations.delete_webhook(request, request.context.row)
    return request.no_content()


@deliveries.get(permission=P.OWN, query=DeliveryList, answer=Page(Delivery))
def list_deliveries(request: Request) -> Any:
    """The ledger, newest first: every attempt, and those that wait to be made at ``due_at``."""
    found = select(Delivery).where(Delivery.webhook_id == request.context.id)
    status = request.validated["querystring"]["status"]
    if status:
        found = found.where(Delivery.status == status)
    return request.paginate(found, order=(Delivery.id,))


@test.post(permission=P.OWN, answer=TestedAnswer, status=202)
def test_webhook(request: Request) -> Any:
    """Send it a ``webhook.test`` event at once; the ledger tells what came of it.

    409 ``webhook_disabled``; 429.
    """
    limit(request)
    operations.send_test(request, request.context.row, by_user_id=request.identity.id)
    request.response.status_int = 202
    return {"event_type": "webhook.test"}


@replay.post(permission=P.OWN, body=Replay, answer=ReplayedAnswer, status=202)
def replay_events(request: Request) -> Any:
    """Send it again everything that is for it after a sequence.

    409 ``webhook_disabled``, ``sequence_unknown``; 429.
    """
    limit(request)
    row, after = request.context.row, request.validated["body"]["after"]
    until = operations.prepare_replay(request, row, after=after)
    request.enqueue(jobs.replay_events, webhook_id=row.id, after=after, until=until)
    request.response.status_int = 202
    return {"after": after, "until": until}


@secret.post(permission=P.OWN, answer=SecretAnswer, has_dry_run=False)
def replace_secret(request: Request) -> Any:
    """A new ``secret``, in this answer and never again. For 24 hours the old one signs too."""
    return {"secret": operations.replace_secret(request, request.context.row)}


def limit(request: Request) -> None:
    """Of what makes us look up hosts and send. Raises: TooManyRequests."""
    request.hit_limit("webhooks", f"user:{request.identity.id}")
