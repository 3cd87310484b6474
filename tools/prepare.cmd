@rem As "prepare" beside it, which Windows cannot execute; Node needs no library there.
@exit /b 0
