// The thread that does the jobs of a running server's configuration.
import { answerJobs } from '#host/workers';
import { doConfigJob } from './config-jobs.ts';

answerJobs(doConfigJob);
