# One image: the web server with its training processes, or a worker of the scaled mode. Writes to
# its data folder only (a volume at /data), so the rest can be read-only:
#
#   docker build --build-arg TORCH_INDEX=<index> -t pwlapp .
#   docker run --init --read-only --tmpfs /tmp -p 8050:8050 -v pwlapp:/data pwlapp
#
# Any user may run it (--user 1000:1000, or the random ones of OpenShift, whose group is 0): a new
# volume is writable for all. One that belongs to another user ends the start with exit status 4.
#
# TORCH_INDEX is the CPU index that PyTorch's install page names. Without it the image holds the
# CUDA build, several gigabytes larger; its Triton engine (fused@cuda:0) needs a C compiler as well:
# --build-arg APT="gcc libc6-dev".

FROM node:24-slim AS page
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY scripts scripts
COPY assets assets
RUN npm run build

FROM python:3.11-slim AS packages
ARG TORCH_INDEX=""
RUN apt-get update && apt-get install -y --no-install-recommends binutils
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH" PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt constraints.txt ./
# torch alone comes from TORCH_INDEX, everything else from the usual index
RUN if [ -n "$TORCH_INDEX" ]; then \
      pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)"; \
    fi \
    && pip install -r requirements.txt
COPY docker/slim.py ./
RUN python slim.py /opt/venv

# The app's own files with what can be computed once for all: bytecode, and the compiled engine.
FROM packages AS app
WORKDIR /app
COPY LICENSE app.py ./
COPY --from=page /src/build build
COPY pwlapp pwlapp
RUN python -m pwlapp.web.build_static \
    && python -m pwlapp.compute.warmup compiled \
    && python -m pwlapp fit --epochs 10 --engine torch@cpu \
    && python -m compileall -q --invalidation-mode unchecked-hash app.py pwlapp

FROM python:3.11-slim
ARG APT=""
RUN if [ -n "$APT" ]; then \
      apt-get update && apt-get install -y --no-install-recommends $APT \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin pwlapp \
    && install -d -o pwlapp -g pwlapp -m 0777 /data
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY --from=app /app ./
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    USER=pwlapp \
    PWLAPP_HOST=0.0.0.0 \
    PWLAPP_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8050
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from os import environ as e; from urllib.request import urlopen; urlopen(f\"http://127.0.0.1:{e.get('PWLAPP_PORT') or e.get('PORT') or 8050}/healthz\", timeout=4)"]
CMD ["python", "-m", "pwlapp", "serve"]
