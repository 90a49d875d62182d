/* The lecture's loop in C: what a careful C programmer would write for it, as a yardstick.

   Full-batch training of x -> h units -> logit -> sigmoid under binary cross-entropy by Adam, in
   float32 on one thread. Compiled with gcc -O3 -march=native -ffast-math, every loop over the
   points becomes SIMD code. The points are taken in blocks that fit into the first-level cache, so
   each is loaded from memory once per epoch however many units there are.

   Parameters are W1 (h), W2 (h), b2, in one array of 2h + 1 floats, as are the gradient and Adam's
   two moments. */

enum { BLOCK = 2048 }; /* points: x, y, logit and residual of a block are 32 KB */

/* exp(a) for |a| <= 87: 2^k from the float's own exponent bits, the rest a polynomial (Cephes). */
static inline float fast_exp(float a)
{
    float k = __builtin_rintf(a * 1.44269504f);
    float r = a - k * 0.693359375f + k * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    union { int bits; float value; } power = { .bits = ((int)k + 127) << 23 };
    return p * power.value;
}

static inline float sigmoid(float z)
{
    z = z < -87.0f ? -87.0f : z > 87.0f ? 87.0f : z;
    return 1.0f / (1.0f + fast_exp(-z));
}

/* Add the gradient of the loss over one block of points to g, in the order of the parameters. */
static void add_gradient(const float *restrict x, const float *restrict y, int n, int h,
                         float scale, const float *restrict params, float *restrict g)
{
    const float *W1 = params, *W2 = params + h;
    float z[BLOCK], r[BLOCK], sum = 0.0f;

    for (int i = 0; i < n; i++)
        z[i] = params[2 * h];
    for (int j = 0; j < h; j++) {
        const float w1 = W1[j], w2 = W2[j];
        for (int i = 0; i < n; i++) {
            float u = w1 * x[i];
            z[i] += w2 * (u > 0.0f ? u : 0.0f);
        }
    }
    for (int i = 0; i < n; i++) {
        r[i] = (sigmoid(z[i]) - y[i]) * scale; /* d loss / d logit */
        sum += r[i];
    }
    g[2 * h] += sum;
    for (int j = 0; j < h; j++) {
        const float w1 = W1[j];
        float on = 0.0f; /* sum of r x over the points where the unit is on */
        for (int i = 0; i < n; i++)
            on += w1 * x[i] > 0.0f ? r[i] * x[i] : 0.0f;
        g[j] += W2[j] * on;
        g[h + j] += w1 * on;
    }
}

/* Train `epochs` epochs; `epoch` of them were taken before, with the moments m and v. `g` is 2h + 1
   floats to work in. */
void train(const float *restrict x, const float *restrict y, int n, int h, float *restrict params,
           float *restrict m, float *restrict v, float *restrict g, long epoch, long epochs,
           double lr)
{
    const float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
    const int k = 2 * h + 1;
    double power1 = __builtin_pow(0.9, (double)epoch), power2 = __builtin_pow(0.999, (double)epoch);

    for (long e = 0; e < epochs; e++) {
        for (int i = 0; i < k; i++)
            g[i] = 0.0f;
        for (int i = 0; i < n; i += BLOCK)
            add_gradient(x + i, y + i, n - i < BLOCK ? n - i : BLOCK, h, 1.0f / n, params, g);
        power1 *= 0.9;
        power2 *= 0.999;
        const float step = (float)(lr / (1.0 - power1));
        const float unbias = (float)(1.0 / __builtin_sqrt(1.0 - power2));
        for (int i = 0; i < k; i++) {
            m[i] = beta1 * m[i] + (1.0f - beta1) * g[i];
            v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
            params[i] -= step * m[i] / (__builtin_sqrtf(v[i]) * unbias + eps);
        }
    }
}
