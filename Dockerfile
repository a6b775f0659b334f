# sfumato in a container.
#
#   docker build -t sfumato .                                    for processors
#   docker build -t sfumato:cuda --build-arg DEVICE=cuda .       for NVIDIA's graphics cards
#   docker run --rm -v "$PWD:/art" sfumato train MY-ART -o run --minutes 30
#   docker run --rm --gpus all -v "$PWD:/art" sfumato:cuda train MY-ART -o run --minutes 30
#
# On Linux add --user "$(id -u):$(id -g)", so that what it makes is yours.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir "build>=1.2" && python -m build --wheel --outdir /wheels

FROM python:${PYTHON}-slim
ARG DEVICE=cpu
COPY --from=build /wheels /wheels
# PyPI's torch for Linux brings CUDA along, of several GB; the CPU build has an index of its own.
RUN if [ "$DEVICE" = cpu ]; then \
      pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "torch>=2.10,<2.14"; \
    fi \
    && pip install --no-cache-dir "$(echo /wheels/*.whl)[heic]" "imageio-ffmpeg>=0.5" \
    && rm -r /wheels
# Any user may run it: what is kept between runs goes where everyone may write.
ENV HOME=/tmp
USER 1000:1000
WORKDIR /art
ENTRYPOINT ["sfumato"]
CMD ["--help"]
