# jiesu as an image: the wheel is built with the locked tools, and only locked, hash-checked packages go beside it.
FROM python:3.11-slim AS wheel
WORKDIR /build
COPY requirements-dev.lock ./
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-dev.lock
COPY . .
RUN python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 JIESU_HOME=/var/lib/jiesu
COPY requirements.lock /tmp/requirements.lock
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock \
 && rm /tmp/requirements.lock
COPY --from=wheel /wheels/ /tmp/wheels/
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps /tmp/wheels/*.whl && rm -r /tmp/wheels \
 && useradd --system --uid 10001 --home-dir /var/lib/jiesu --create-home jiesu
USER jiesu
WORKDIR /var/lib/jiesu
VOLUME /var/lib/jiesu
CMD ["jiesu", "--help"]
