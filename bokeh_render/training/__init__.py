"""Training of the networks: one config, one command, one folder; stopped and gone on with at will.

config.py, configs/   what to train; run.py: the whole run; trainer.py: a stage's steps; cli.py: `bokehbench train`
examples.py, pool.py  training pairs with their classical render and E*, made once, kept on disk; batches.py: crops
stages.py, losses.py  what each network is trained for
initial.py, schedule.py, ema.py, state.py   weights at first, learning rate, their average, checkpoints
validation.py, logs.py                      scores on pairs never trained on; log.csv, TensorBoard
"""
