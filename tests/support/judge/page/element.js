// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one video element of the page: loading it, waiting for it, asking it.

export const video = document.querySelector('video');
export const errors = [];

export class Failure extends Error {}

video.addEventListener('error', () => {
  errors.push(`media error ${video.error.code}: ${video.error.message}`);
});

export const round = (seconds) => (Number.isFinite(seconds) ? Math.round(seconds * 1e6) / 1e6 : null);

export const ranges = (buffered) =>
  Array.from({ length: buffered.length }, (_, i) => [round(buffered.start(i)), round(buffered.end(i))]);

// Resolves at `type` on `target`; fails when the element does, or after `seconds`.
export function event(target, type, seconds, what = type) {
  return new Promise((resolve, reject) => {
    const done = (settle) => (value) => {
      clearTimeout(timer);
      target.removeEventListener(type, good);
      video.removeEventListener('error', bad);
      settle(value);
    };
    const good = done(resolve);
    const bad = () => done(reject)(new Failure(`${errors.at(-1) ?? 'media error'} before ${what}`));
    const late = () => done(reject)(new Failure(
      `no ${what} within ${seconds} s (at ${round(video.currentTime)} s, readyState ${video.readyState})`));
    const timer = setTimeout(late, seconds * 1000);
    target.addEventListener(type, good);
    video.addEventListener('error', bad);
  });
}

// The next frame that `accept` takes.
export function frame(seconds, accept = () => true) {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Failure(`no frame is shown (at ${round(video.currentTime)} s)`));
    const timer = setTimeout(late, seconds * 1000);
    const look = (now, metadata) => {
      if (!accept(metadata)) return video.requestVideoFrameCallback(look);
      clearTimeout(timer);
      return resolve(metadata);
    };
    video.requestVideoFrameCallback(look);
  });
}

async function append(source, buffer, data) {
  const piece = 64 * 1024; // bytes: parsers must cope with boxes cut anywhere
  for (let at = 0; at < data.length; at += piece) {
    const end = event(buffer, 'updateend', 20, 'end of an append');
    buffer.appendBuffer(data.subarray(at, at + piece));
    await end;
    if (video.error || source.readyState !== 'open') {
      throw new Failure(`append at byte ${at}: ${errors.at(-1) ?? 'refused'}`);
    }
  }
}

async function loadMediaSource(url, type) {
  if (!MediaSource.isTypeSupported(type)) throw new Failure(`MSE does not support ${type}`);
  const data = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const source = new MediaSource();
  const open = event(source, 'sourceopen', 10);
  video.src = URL.createObjectURL(source);
  await open;
  const buffer = source.addSourceBuffer(type);
  await append(source, buffer, data);
  try {
    buffer.timestampOffset = 0; // throws while the parser is inside a segment (MSE, 4.1)
  } catch {
    throw new Failure('the last segment is cut off');
  }
  source.endOfStream();
  if (buffer.buffered.length === 0) throw new Failure('MSE buffered nothing');
  if (buffer.buffered.start(0) > 0) video.currentTime = buffer.buffered.start(0);
}

export async function load({ url, codecs }) {
  video.preload = 'auto';
  const playable = event(video, 'canplay', 20);
  // Not awaited while loading fails first: the failure itself is what is reported.
  playable.catch(() => {});
  if (codecs) {
    await loadMediaSource(url, codecs);
  } else {
    video.src = url;
  }
  await playable;
}

// Without a duration in the header Chromium learns it at the end: go there once.
export async function knowDuration() {
  if (Number.isFinite(video.duration)) return;
  const known = event(video, 'durationchange', 20, 'a duration');
  video.currentTime = 1e6;
  await known;
  if (!Number.isFinite(video.duration)) throw new Failure('the duration stays unknown');
}

export async function seek(seconds) {
  const there = event(video, 'seeked', 10, `seek to ${round(seconds)} s`);
  video.currentTime = seconds;
  await there;
}
