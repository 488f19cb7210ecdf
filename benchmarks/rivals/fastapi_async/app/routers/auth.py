from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select

from ..db import Session
from ..models import User
from ..schemas import Credentials, Tokens
from ..security import create_access_token, unauthenticated

router = APIRouter(prefix="/auth", tags=["auth"])
hasher = PasswordHasher(parallelism=1)
NOBODY = hasher.hash("nobody has this password")


def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long for somebody unknown."""
    try:
        return hasher.verify(password_hash or NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@router.post("/login/")
async def login(given: Credentials, session: Session) -> Tokens:
    column = User.email if "@" in given.username else User.username
    user = await session.scalar(select(User).where(func.lower(column) == given.username.lower()))
    password_hash = user.password_hash if user else None
    if not await run_in_threadpool(is_right, password_hash, given.password) or not user or not user.is_active:
        raise unauthenticated("wrong username or password")
    return Tokens(access_token=create_access_token(user.id))
