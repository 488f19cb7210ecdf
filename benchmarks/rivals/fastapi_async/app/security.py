"""Who calls, and what they are to a course."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import jwt
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from .db import Session
from .models import Course, CourseTeacher, Enrollment, User
from .settings import ACCESS_TOKEN_TTL_S, SECRET_KEY

ALGORITHM = "HS256"
TEACHING = ("teacher", "admin")
TAKING_PART = ("active", "completed")

bearer = HTTPBearer(auto_error=False)


def create_access_token(user_id: UUID) -> str:
    now = datetime.now(UTC)
    claims = {"sub": str(user_id), "iat": now, "exp": now + timedelta(seconds=ACCESS_TOKEN_TTL_S)}
    return jwt.encode(claims, SECRET_KEY, ALGORITHM)


def unauthenticated(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


async def get_caller(
    session: Session, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> User | None:
    """The active user behind the token; None without one."""
    if given is None:
        return None
    try:
        claims = jwt.decode(given.credentials, SECRET_KEY, [ALGORITHM], options={"require": ["exp", "sub"]})
        user = await session.get(User, UUID(claims["sub"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise unauthenticated("invalid token") from error
    if user is None or not user.is_active:
        raise unauthenticated("no such user")
    return user


Caller = Annotated[User | None, Depends(get_caller)]


async def get_current_user(caller: Caller) -> User:
    if caller is None:
        raise unauthenticated("not authenticated")
    return caller


CurrentUser = Annotated[User, Depends(get_current_user)]


async def teaches(session: AsyncSession, user: User | None, course: Course) -> bool:
    if user is None or user.role not in TEACHING:
        return False
    if course.teacher_id == user.id:
        return True
    found = exists().where(CourseTeacher.course_id == course.id, CourseTeacher.user_id == user.id)
    return bool(await session.scalar(select(found)))


async def took_part(session: AsyncSession, user: User | None, course_id: UUID, *statuses: str) -> bool:
    if user is None:
        return False
    found = exists().where(Enrollment.course_id == course_id, Enrollment.student_id == user.id)
    if statuses:
        found = found.where(Enrollment.status.in_(statuses))
    return bool(await session.scalar(select(found)))


async def may_see(session: AsyncSession, user: User | None, course: Course) -> bool:
    """Published to everyone, archived to those who took part, anything to its staff."""
    if course.status == "published" or (user is not None and user.role == "admin"):
        return True
    if await teaches(session, user, course):
        return True
    return course.status == "archived" and await took_part(session, user, course.id)


def not_found() -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, "not found")


def forbidden() -> HTTPException:
    return HTTPException(status.HTTP_403_FORBIDDEN, "forbidden")
