from fastapi import FastAPI

from .routers import auth, courses, gradebook, notifications, submissions

app = FastAPI(title="Courses", docs_url=None, redoc_url=None, openapi_url=None)
for module in (auth, courses, submissions, gradebook, notifications):
    app.include_router(module.router, prefix="/api")
