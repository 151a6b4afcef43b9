"""Attention bound by the circle of confusion."""


class AttnProcessorDistReciprocal:
    def __init__(self, hard=3, supersampling_num=4, segment_num=4, train=True):
        self.settings = [hard, supersampling_num, segment_num, train]
