"""PSNR, SSIM and LPIPS, a module each. All take display values in [0, 1], (H, W, 3) NumPy arrays, RGB."""
