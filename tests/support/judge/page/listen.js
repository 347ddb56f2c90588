// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When does a beep sound, when does a flash show? Measured on what the element plays, in real time.
import { errors, Failure, load, round, video } from './element.js';

const kBeep = 1000; // Hz
const kBlock = 240; // samples, 5 ms at 48 kHz: whole periods of the beep

// Runs on the audio thread; sends the context's time at which each beep begins. Goertzel's filter
// gives the amplitude of the beep's frequency in a block.
const detector = `
registerProcessor('beep-detector', class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.coefficient = 2 * Math.cos(2 * Math.PI * ${kBeep} / sampleRate);
    this.a = this.b = this.filled = 0;
    this.quiet = 1000; // blocks since the last beep
  }
  process([input]) {
    const samples = input[0] ?? new Float32Array(128);
    for (let i = 0; i < samples.length; ++i) {
      const next = samples[i] + this.coefficient * this.a - this.b;
      this.b = this.a;
      this.a = next;
      if (++this.filled === ${kBlock}) this.block(currentTime + (i + 1 - ${kBlock}) / sampleRate);
    }
    return true;
  }
  block(time) {
    const power = this.a * this.a + this.b * this.b - this.coefficient * this.a * this.b;
    const amplitude = 2 * Math.sqrt(Math.max(0, power)) / ${kBlock};
    this.a = this.b = this.filled = 0;
    if (amplitude < 0.05) { ++this.quiet; return; }
    if (this.quiet >= 20) this.port.postMessage(time); // 100 ms of quiet before
    this.quiet = 0;
  }
});`;

function playToEnd(seconds) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Failure(`not at the end within ${seconds} s`)), seconds * 1000);
    const done = (settle, value) => {
      clearTimeout(timer);
      settle(value);
    };
    video.addEventListener('ended', () => done(resolve), { once: true });
    video.addEventListener('error', () => done(reject, new Failure(errors.at(-1))), { once: true });
    video.play().catch((error) => done(reject, new Failure(`play(): ${error.message}`)));
  });
}

// The element's clock against the context's. Reading it jitters by a block or two: the median of
// the offsets around an instant is what counts.
function followClock(context) {
  const offsets = []; // [context time, media time - context time]
  const timer = setInterval(() => {
    if (!video.paused) offsets.push([context.currentTime, video.currentTime - context.currentTime]);
  }, 10);
  return {
    stop: () => clearInterval(timer),
    mediaTime(time) {
      const near = offsets.filter(([at]) => Math.abs(at - time) < 0.25).map(([, offset]) => offset);
      near.sort((x, y) => x - y);
      return near.length ? time + near[near.length >> 1] : null;
    },
  };
}

// Before the element plays; stop() gives the media times at which beeps began.
async function listen() {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([detector], { type: 'text/javascript' })));
  const ear = new AudioWorkletNode(context, 'beep-detector');
  context.createMediaElementSource(video).connect(ear).connect(context.destination);
  const onsets = [];
  ear.port.onmessage = ({ data }) => onsets.push(data);
  await context.resume();
  const clock = followClock(context);
  return {
    stop() {
      clock.stop();
      if (!(video.webkitAudioDecodedByteCount > 0)) throw new Failure('no audio track is played');
      return onsets.map((time) => round(clock.mediaTime(time))).filter((time) => time !== null);
    },
  };
}

// Mean luma of the top tenth of the picture, 0 to 255.
function stripBrightness(canvas, painter) {
  const height = Math.max(1, video.videoHeight / 10);
  painter.drawImage(video, 0, 0, video.videoWidth, height, 0, 0, canvas.width, canvas.height);
  const { data } = painter.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i + 1];
  return sum / (data.length / 4);
}

// Once the element is loaded; stop() gives the media times of the frames that flashes began with.
function watch() {
  if (video.videoWidth === 0) throw new Failure('no video track is played');
  const canvas = new OffscreenCanvas(32, 4);
  const painter = canvas.getContext('2d', { willReadFrequently: true });
  const seen = { flashes: [], missedFrames: 0 };
  let bright = false;
  let presented = 0;
  const look = (now, metadata) => {
    const white = stripBrightness(canvas, painter) > 160;
    if (white && !bright) seen.flashes.push(round(metadata.mediaTime));
    bright = white;
    if (presented) seen.missedFrames += metadata.presentedFrames - presented - 1;
    presented = metadata.presentedFrames;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  return { stop: () => seen };
}

async function measure(job, wanted) {
  const out = { ok: false, why: '' };
  try {
    const ear = wanted.beeps ? await listen() : null;
    await load(job);
    const eye = wanted.flashes ? watch() : null;
    await playToEnd(job.timeout ?? 300);
    if (ear) out.beeps = ear.stop();
    if (eye) Object.assign(out, eye.stop());
    if (errors.length) throw new Failure(errors[0]);
    out.ok = true;
  } catch (error) {
    out.why = error.message;
  }
  return { ...out, currentTime: round(video.currentTime), errors };
}

export const beeps = (job) => measure(job, { beeps: true });
export const flashes = (job) => measure(job, { flashes: true });
export const marks = (job) => measure(job, { beeps: true, flashes: true });
