// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The playback judge: a recording is good when Chromium plays it.
//   judge.mjs progressive FILE [options]       a file behind <video src>
//   judge.mjs mse FILE [CODECS] [options]      the same bytes appended to a MediaSource
//   judge.mjs beeps|flashes FILE [--mse] ...   the seconds at which a 1 kHz beep or a white flash
//                                              in the top strip begins: a JSON list
//   judge.mjs marks FILE [--mse] ...           both of them
//   judge.mjs --jobs JOBS.json [N]             [{mode, file, ...}], all in one browser, N at a time
// One JSON line a job, in their order. Exit 0: all are ok; 1: some are not; 2: called wrongly; 77: "SKIP: reason".
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { launch, Skip } from './browser.mjs';
import { startServer } from './server.mjs';

const modes = ['progressive', 'mse', 'beeps', 'flashes', 'marks'];
// Option on the command line -> key of a job, and how its value is read (none: a switch).
const options = {
  '--allow-hole': ['allowHole'], // more than one buffered range; each is played
  '--expect-audio': ['expectAudio'], // audio is decoded
  '--expect-sound': ['expectSound'], // and not silent
  '--expect-video': ['expectVideo'],
  '--expect-frames': ['expectFrames', Number], // within 2 %
  '--expect-duration': ['expectDuration', Number], // seconds
  '--duration-tolerance': ['durationTolerance', Number], // seconds, default 0.1
  '--seek-tolerance': ['seekTolerance', Number], // seconds that a frame may be older than the target
  '--numbers': ['numbersPerSecond', Number], // pictures bear a number: seeks are judged by it
  '--numbers-from': ['numbersFrom', Number], // seconds: when number 0 is shown
  '--rate': ['rate', Number], // of the pass to the end, default 4
  '--bytes': ['bytes', Number], // only the first so many bytes of the file
  '--cut-tail': ['cutTail'], // without what mp4check says a killed writer left behind
  '--screenshot': ['screenshot', String], // a PNG of the video element while it plays
  '--timeout': ['timeout', Number], // seconds a job may take, default 300
  '--mse': ['mse'], // beeps and flashes through a MediaSource
  '--codecs': ['codecs', String],
  '--mp4check': ['mp4check', String], // the program, for the codecs of an MP4; default $MP4CHECK
};

class Usage extends Error {}

function parseCommand([mode, ...rest]) {
  if (mode === '--jobs' && rest.length > 0) return JSON.parse(readFileSync(rest[0], 'utf8'));
  if (!modes.includes(mode)) throw new Usage(`one of ${modes.join(', ')}, --jobs`);
  const job = { mode };
  const words = [];
  for (let i = 0; i < rest.length; ++i) {
    if (!rest[i].startsWith('--')) {
      words.push(rest[i]);
      continue;
    }
    const option = options[rest[i]];
    if (!option) throw new Usage(`unknown option ${rest[i]}`);
    const [key, read] = option;
    job[key] = read ? read(rest[++i]) : true;
  }
  [job.file, job.codecs = job.codecs] = words;
  if (!job.file || words.length > 2) throw new Usage('one FILE, for mse also CODECS');
  return [job];
}

// What an independent reader finds in an MP4. Violations are its business, not this judge's.
const readerOf = (job) => job.mp4check ?? process.env.MP4CHECK;
function readMp4(job) {
  const program = readerOf(job);
  if (!program) throw new Error('mp4check is needed: --mp4check or $MP4CHECK');
  try {
    return JSON.parse(execFileSync(program, ['--ffmpeg', job.file], { encoding: 'utf8' }));
  } catch (error) {
    if (!error.stdout) throw new Error(`mp4check: ${error.message}`);
    return JSON.parse(error.stdout);
  }
}

// The type that a MediaSource is told.
function findCodecs(job) {
  const codecs = readMp4(job).tracks.map((track) => track.rfc6381);
  if (codecs.length === 0 || codecs.includes('')) throw new Error('mp4check knows no codecs of this file');
  return `video/mp4; codecs="${codecs.join(',')}"`;
}

// A MediaSource takes fragments. A finished file has them, as it had before it was finished: without
// its index, and with a free box where the mdat header is that hides them.
function fragmentsOf(job, folder) {
  const { mdat_offset: header, index_offset: end } = readMp4(job);
  if (!header) return job.file;
  const bytes = readFileSync(job.file).subarray(0, end);
  bytes.write('\0\0\0\x10free\0\0\0\0\0\0\0\0', header, 'latin1');
  const path = join(folder, basename(job.file));
  writeFileSync(path, bytes);
  return path;
}

const deadline = (seconds, what) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(what)), seconds * 1000).unref());

async function runJob(browser, server, files, job) {
  const useSource = job.mode === 'mse' || job.mse;
  const codecs = useSource ? (job.codecs ?? findCodecs(job)) : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'judge-'));
  const path = useSource && codecs.startsWith('video/mp4') && readerOf(job) ? fragmentsOf(job, folder) : job.file;
  let size = statSync(path).size;
  if (job.cutTail) size -= readMp4(job).tail_bytes;
  const name = `${files.size}-${basename(job.file)}`;
  files.set(name, { path, bytes: Math.min(size, job.bytes ?? size) });
  const page = await browser.newPage();
  try {
    await page.exposeFunction('takeScreenshot', () => page.locator('video').screenshot({ path: job.screenshot }));
    await page.goto(`${server.origin}/judge.html`);
    await page.waitForFunction(() => window.run);
    const url = `${server.origin}/media/${encodeURIComponent(name)}`;
    const seconds = job.timeout ?? 300;
    return await Promise.race([
      page.evaluate((task) => window.run(task), { ...job, url, codecs }),
      deadline(seconds, `no verdict within ${seconds} s`),
    ]);
  } finally {
    await page.close();
    rmSync(folder, { recursive: true });
  }
}

function print(job, result, single) {
  const list = { beeps: result.beeps, flashes: result.flashes }[job.mode];
  if (single && list && result.ok) console.log(JSON.stringify(list));
  else console.log(JSON.stringify({ file: job.file, mode: job.mode, ...result }));
}

async function main(words) {
  const jobs = parseCommand(words);
  const browser = await launch();
  const files = new Map();
  const server = await startServer(files);
  const single = words[0] !== '--jobs';
  const atOnce = single ? 1 : Number(words[2] ?? 1);
  const running = new Set();
  let printed = Promise.resolve();
  let failed = 0;
  try {
    for (const job of jobs) {
      while (running.size >= atOnce) await Promise.race(running);
      const result = runJob(browser, server, files, job)
        .catch((error) => ({ ok: false, why: error.message.split('\n')[0], errors: [] }));
      running.add(result);
      result.then(() => running.delete(result));
      printed = printed.then(async () => {
        const verdict = await result;
        print(job, verdict, single);
        if (!verdict.ok) ++failed;
      });
    }
    await printed;
  } finally {
    await browser.close();
    server.close();
  }
  return failed ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Skip) console.log(`SKIP: ${error.message}`);
  else console.error(error instanceof Usage ? `usage: judge.mjs ${error.message}` : error.stack);
  process.exitCode = error instanceof Skip ? 77 : error instanceof Usage ? 2 : 1;
}
