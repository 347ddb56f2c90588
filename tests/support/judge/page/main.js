// SPDX-License-Identifier: LGPL-2.1-or-later
import { beeps, flashes, marks } from './listen.js';
import { judge } from './play.js';

const modes = { progressive: judge, mse: judge, beeps, flashes, marks };
window.run = (job) => modes[job.mode](job);
