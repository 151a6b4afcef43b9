// The exact formula by brute force, as fast as plain C++ gets: every source visits every pixel of its disc.
// Rows are owned by threads, colours are planar, the inner loop over a row of the disc is vectorised.
// Built by tests/speed/scatter.py with g++ -O3 -march=native -ffast-math -fopenmp.
#include <algorithm>
#include <cmath>
#include <vector>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

// 0.5 + 0.5 tanh(4 (r - l)); a function of its own, or g++ does not vectorise the loop
static inline float share(float r, float l) {
  return 1.f / (1.f + std::exp(std::min(40.f, std::max(-40.f, 8.f * (l - r)))));
}

extern "C" void brute_force(const float *light, const float *defocus, int height, int width, int threads, float *out) {
  float largest = 0;
  for (long i = 0; i < (long)height * width; i++) largest = std::max(largest, std::fabs(defocus[i]));
  const int reach = (int)largest + 1;
#pragma omp parallel num_threads(threads)
  {
#ifdef __SSE__
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);  // numbers too small to matter count as 0: they would be very slow
#endif
    std::vector<float> sums(4 * (size_t)width);
#pragma omp for schedule(dynamic, 4)
    for (int y = 0; y < height; y++) {
      std::fill(sums.begin(), sums.end(), 0.f);
      float *weight = sums.data(), *red = weight + width, *green = red + width, *blue = green + width;
      for (int sy = std::max(0, y - reach); sy <= std::min(height - 1, y + reach); sy++) {
        const float dy2 = (float)((sy - y) * (sy - y));
        for (int x = 0; x < width; x++) {
          const size_t source = (size_t)sy * width + x;
          const float r = std::fabs(defocus[source]);
          const int window = (int)r + 1;
          if (std::abs(sy - y) > window) continue;
          const float amplitude = 1.f / (r * r + 0.2f);
          const float *colour = light + 3 * source;
          const float cr = colour[0] * amplitude, cg = colour[1] * amplitude, cb = colour[2] * amplitude;
          const int left = std::max(0, x - window), right = std::min(width - 1, x + window);
#pragma omp simd
          for (int q = left; q <= right; q++) {
            const float dx = (float)(q - x);
            const float w = share(r, std::sqrt(dx * dx + dy2));
            weight[q] += w * amplitude;
            red[q] += w * cr;
            green[q] += w * cg;
            blue[q] += w * cb;
          }
        }
      }
      for (int q = 0; q < width; q++) {
        float *pixel = out + 3 * ((size_t)y * width + q);
        pixel[0] = red[q] / weight[q];
        pixel[1] = green[q] / weight[q];
        pixel[2] = blue[q] / weight[q];
      }
    }
#ifdef __SSE__
    _mm_setcsr(before);
#endif
  }
}
