// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Does a browser play this to its end? Starts it, seeks in it, plays it through.
import { errors, event, Failure, frame, knowDuration, load, ranges, round, seek, video } from './element.js';

const hasVideo = () => video.videoWidth > 0;

// Listens in for the whole job; what the element plays goes through here.
function tap() {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaElementSource(video).connect(analyser).connect(context.destination);
  const samples = new Float32Array(analyser.fftSize);
  let peak = 0;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  }, 20);
  return {
    ready: () => context.resume(),
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

// Plays until `end` seconds or the end of the media; a player that stands still has lost.
function playUntil(end, what) {
  return new Promise((resolve, reject) => {
    let last = -1;
    let still = 0;
    const stop = (settle, value) => {
      clearInterval(timer);
      settle(value);
    };
    const timer = setInterval(() => {
      if (video.error) return stop(reject, new Failure(errors.at(-1)));
      if (video.ended || video.currentTime >= end) return stop(resolve);
      still = video.currentTime === last ? still + 1 : 0;
      last = video.currentTime;
      if (still >= 50) stop(reject, new Failure(`${what} stalls at ${round(last)} s`)); // 5 s
    }, 100);
    video.play().catch((error) => stop(reject, new Failure(`play(): ${error.message}`)));
  });
}

// The number that a picture bears: eight blocks across its top quarter, the first is the highest bit.
function numberShown() {
  const canvas = new OffscreenCanvas(64, 8);
  const painter = canvas.getContext('2d');
  painter.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 4, 0, 0, canvas.width, canvas.height);
  let number = 0;
  for (let bit = 0; bit < 8; ++bit) number = number * 2 + (painter.getImageData(bit * 8 + 4, 4, 1, 1).data[1] > 128);
  return number;
}

async function trySeek(target, tolerance, out) {
  const left = video.currentTime;
  // On a busy machine the frame that was to be shown before may still come.
  const stale = ({ mediaTime }) => Math.abs(target - left) > 0.4 && Math.abs(mediaTime - left) < 0.2;
  // Armed before the seek, or its frame is missed.
  const shown = hasVideo() ? frame(10, (metadata) => !stale(metadata)) : null;
  shown?.catch(() => {});
  await seek(target);
  const mediaTime = shown ? (await shown).mediaTime : video.currentTime;
  out.seeks.push({ target: round(target), mediaTime: round(mediaTime) });
  if (mediaTime > target + 0.05 || mediaTime < target - tolerance) {
    throw new Failure(`seek to ${round(target)} s shows ${round(mediaTime)} s`);
  }
  return shown ? numberShown() : null;
}

async function seekAround(job, begin, out) {
  for (const part of [0.75, 0.1, 0.5, 0.9, 0.3]) {
    const target = begin + (video.duration - begin) * part;
    const number = await trySeek(target, job.seekTolerance ?? 0.1, out);
    // The picture of the target began up to a picture ago; tracks may lie half a picture apart.
    const late = (target - (job.numbersFrom ?? 0)) * job.numbersPerSecond - number;
    if (job.numbersPerSecond && (late < -0.6 || late > 1.6)) {
      throw new Failure(`seek to ${round(target)} s shows picture ${number}`);
    }
  }
}

async function playThrough(job, out) {
  // A seek decodes ahead: what it decodes belongs to this pass.
  const before = video.getVideoPlaybackQuality().totalVideoFrames;
  await seek(video.buffered.length ? Math.max(0, video.buffered.start(0)) : 0);
  video.playbackRate = job.rate ?? 4;
  if (job.allowHole && video.buffered.length > 1) {
    // A player stops short of a hole, the faster it plays the earlier (measured: 0.33 s at rate 4).
    const margin = 0.2 * Math.max(1, video.playbackRate);
    for (const [start, end] of ranges(video.buffered)) {
      await seek(start);
      await playUntil(end - margin, `the range at ${start} s`);
    }
  } else {
    await playUntil(Infinity, 'playback');
    if (!video.ended) throw new Failure('it never ended');
  }
  video.pause();
  out.decodedFrames = video.getVideoPlaybackQuality().totalVideoFrames - before;
}

function checkRanges(job, buffered) {
  if (buffered.length !== 1 && !job.allowHole) throw new Failure(`${buffered.length} buffered ranges`);
}

function checkResult(job, out) {
  checkRanges(job, out.buffered);
  if (job.expectVideo && !hasVideo()) throw new Failure('no video track is played');
  if (hasVideo() && out.decodedFrames === 0) throw new Failure('no frame was decoded');
  if (job.expectFrames && Math.abs(out.decodedFrames - job.expectFrames) > Math.max(1, job.expectFrames * 0.02)) {
    throw new Failure(`${out.decodedFrames} frames were decoded, ${job.expectFrames} were expected`);
  }
  if (job.expectDuration && Math.abs(out.duration - job.expectDuration) > (job.durationTolerance ?? 0.1)) {
    throw new Failure(`it lasts ${out.duration} s, ${job.expectDuration} s were expected`);
  }
  if (job.expectAudio && !(out.audioBytes > 0)) throw new Failure('no audio is decoded');
  if (job.expectSound && !(out.audioPeak > 0.01)) throw new Failure('audio is decoded but silent');
  if (errors.length) throw new Failure(errors[0]);
}

async function playAndSeek(job, out) {
  const ear = job.expectAudio || job.expectSound ? tap() : null;
  await ear?.ready();
  await load(job);
  out.videoWidth = video.videoWidth;
  out.videoHeight = video.videoHeight;
  await knowDuration();
  out.duration = round(video.duration);
  if (job.codecs) checkRanges(job, (out.buffered = ranges(video.buffered)));
  const begin = video.buffered.length ? video.buffered.start(0) : 0;
  await seek(begin);
  const shown = hasVideo() ? frame(10) : null;
  shown?.catch(() => {});
  await playUntil(begin + Math.min(0.5, (video.duration - begin) / 2), 'the start');
  await shown;
  if (job.screenshot) await window.takeScreenshot();
  video.pause();
  if (!job.allowHole) await seekAround(job, begin, out);
  await playThrough(job, out);
  out.buffered = ranges(video.buffered);
  out.audioBytes = video.webkitAudioDecodedByteCount;
  if (ear) out.audioPeak = round(ear.stop());
  checkResult(job, out);
}

export async function judge(job) {
  const out = { ok: false, why: '', duration: null, buffered: [] };
  Object.assign(out, { videoWidth: 0, videoHeight: 0, decodedFrames: 0, seeks: [] });
  try {
    await playAndSeek(job, out);
    out.ok = true;
  } catch (error) {
    out.why = error.message;
    if (out.buffered.length === 0) out.buffered = ranges(video.buffered);
  }
  out.currentTime = round(video.currentTime);
  out.errors = errors;
  return out;
}
