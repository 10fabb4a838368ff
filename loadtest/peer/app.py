"""What a team would write today to take taps in: FastAPI, asyncpg, one row per tap.

It checks the shape of a batch, stores each tap once by its number, and answers when that is durable.
It checks no signature, keeps no evidence, and knows nothing of gaps, conflicts and impossible times.
"""

import os
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

SCHEMA = """
create table if not exists tap (
  device text not null, epoch bigint not null, seq bigint not null, at timestamptz not null,
  kind text not null, medium text not null, token text not null, riders int not null,
  result text not null, vehicle text, route text, direction int, trip text, stop text, zone text,
  lat double precision, lon double precision, received_at timestamptz not null default now(),
  primary key (device, epoch, seq))
"""
COLUMNS = [
    ("seq", "bigint"), ("at", "timestamptz"), ("kind", "text"), ("medium", "text"),
    ("token", "text"), ("riders", "int"), ("result", "text"), ("vehicle", "text"),
    ("route", "text"), ("direction", "int"), ("trip", "text"), ("stop", "text"),
    ("zone", "text"), ("lat", "float8"), ("lon", "float8"),
]
NAMES = ", ".join(name for name, _ in COLUMNS)
ARRAYS = ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(COLUMNS, 3))
INSERT = f"""
insert into tap (device, epoch, {NAMES})
select $1, $2, * from unnest({ARRAYS}) on conflict do nothing
"""


class Tap(BaseModel):
    seq: int
    at: datetime
    kind: str
    medium: str
    token: str
    riders: int = 1
    result: str = "accepted"
    vehicle: str | None = None
    route: str | None = None
    direction: int | None = None
    trip: str | None = None
    stop: str | None = None
    zone: str | None = None
    lat: float | None = None
    lon: float | None = None


class Batch(BaseModel):
    device: str
    epoch: int
    sent_at: datetime
    taps: list[Tap]


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.pool = await asyncpg.create_pool(
        host=os.environ["PEER_HOST"], port=int(os.environ["PEER_PORT"]),
        user=os.environ["PEER_USER"], database=os.environ["PEER_DATABASE"],
        min_size=4, max_size=16)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
async def health():
    return {"status": "ok"}


@app.post("/v1/tap-batches")
async def take(batch: Batch, request: Request):
    columns = [[getattr(tap, name) for tap in batch.taps] for name, _ in COLUMNS]
    async with request.app.state.pool.acquire() as connection:
        tag = await connection.execute(INSERT, batch.device, batch.epoch, *columns)
    accepted = int(tag.split()[-1])
    return {"accepted": accepted, "duplicates": len(batch.taps) - accepted}
