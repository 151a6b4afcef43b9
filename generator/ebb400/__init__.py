"""EBB400: pairs of photographs, aligned, with disparity, K and focus, and with all that was found out about them."""
