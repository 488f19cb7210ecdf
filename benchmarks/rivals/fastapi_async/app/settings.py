import os

DATABASE_URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
SECRET_KEY = os.environ["SECRET_KEY"]
#: Long enough for a benchmark.
ACCESS_TOKEN_TTL_S = 24 * 3600
