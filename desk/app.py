"""A running installation goes in, a FastAPI app comes out: the overview page, `/healthz`, `/readyz`, `/metrics`.

There is no login yet, so the app is served on the loopback address alone and shows neither a letter's text nor a name.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from prometheus_client import CONTENT_TYPE_LATEST

from desk.port import Installation
from letters.errors import TryLater

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build_app(installation: Installation) -> FastAPI:
    """The desk on one installation."""
    app = FastAPI(title="jiesu", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Jinja2Templates(_HERE / "templates")
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")

    @app.middleware("http")
    async def guard(request: Request, call_next):  # type: ignore[no-untyped-def]
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(TryLater)
    async def not_now(request: Request, error: TryLater) -> Response:
        return pages.TemplateResponse(request, "not_now.html", {"why": str(error)}, status_code=503)

    @app.get("/")
    def overview(request: Request) -> Response:
        return pages.TemplateResponse(request, "overview.html", {"now": installation.overview()})

    @app.get("/healthz")
    def healthz() -> Response:
        stages = dict(installation.health())
        stopped = [name for name, state in stages.items() if state.startswith("stopped")]
        return JSONResponse({"stages": stages}, status_code=503 if stopped else 200)

    @app.get("/readyz")
    def readyz() -> Response:
        stages = dict(installation.health())
        ready = bool(stages) and all(state == "working" for state in stages.values())
        return JSONResponse({"stages": stages}, status_code=200 if ready else 503)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(installation.metrics(), media_type=CONTENT_TYPE_LATEST)

    return app
