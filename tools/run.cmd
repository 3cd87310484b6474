@rem As "run" beside it, which Windows cannot execute; Node needs no library there.
@node "%~dp0need-node.mjs" %*
