// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A picture of balls by path tracing: signed fixed-point arithmetic on vectors in memory, divisions and square roots.
/// Lengths, colours and light are in millionths.
contract PathTracer {
    int256 private constant ONE = 1e6;
    /// A path ends after so many reflections.
    uint256 private constant BOUNCES = 4;
    /// A ray that starts on a ball does not meet it there again.
    int256 private constant NEAR = 100;

    struct Vector {
        int256 x;
        int256 y;
        int256 z;
    }

    struct Ball {
        Vector centre;
        int256 radius;
        Vector colour;
        Vector light;
        bool mirror;
    }

    struct Ray {
        Vector from;
        /// Of length one.
        Vector along;
    }

    /// The picture, three bytes a pixel, from the lowest row upwards.
    function render(uint256 width, uint256 height, uint256 paths) external pure returns (bytes memory picture) {
        Ball[] memory balls = scene();
        picture = new bytes(3 * width * height);
        uint256 end;
        uint256 seed = 1;
        for (uint256 row = 0; row < height; row++) {
            for (uint256 column = 0; column < width; column++) {
                Vector memory sum = Vector(0, 0, 0);
                for (uint256 path = 0; path < paths; path++) {
                    seed = next(seed);
                    int256 x = ((2 * int256(column) + 1) * ONE) / int256(width) - ONE + int256(seed % 20_000);
                    int256 y = ((2 * int256(row) + 1) * ONE) / int256(height) - ONE + int256((seed >> 16) % 20_000);
                    Ray memory ray = Ray(Vector(0, 0, -4 * ONE), unit(Vector(x, y, 2 * ONE)));
                    Vector memory light;
                    (light, seed) = trace(balls, ray, seed);
                    sum = add(sum, light);
                }
                picture[end++] = shade(sum.x, paths);
                picture[end++] = shade(sum.y, paths);
                picture[end++] = shade(sum.z, paths);
            }
        }
    }

    function scene() private pure returns (Ball[] memory balls) {
        balls = new Ball[](6);
        Vector memory dark = Vector(0, 0, 0);
        balls[0] = Ball(Vector(0, -1001 * ONE, 0), 1000 * ONE, Vector(800_000, 800_000, 800_000), dark, false);
        balls[1] = Ball(Vector(-900_000, -300_000, 300_000), 700_000, Vector(900_000, 300_000, 200_000), dark, false);
        balls[2] = Ball(Vector(700_000, -400_000, 0), 600_000, Vector(950_000, 950_000, 950_000), dark, true);
        balls[3] = Ball(Vector(0, -750_000, -900_000), 250_000, Vector(200_000, 500_000, 900_000), dark, false);
        balls[4] = Ball(Vector(0, 0, 12 * ONE), 9 * ONE, Vector(600_000, 700_000, 600_000), dark, true);
        balls[5] = Ball(Vector(0, 6 * ONE, -ONE), 3 * ONE, dark, Vector(3 * ONE, 3 * ONE, 27 * ONE / 10), false);
    }

    /// What arrives along a ray, and the seed for what follows.
    function trace(Ball[] memory balls, Ray memory ray, uint256 seed) private pure returns (Vector memory, uint256) {
        Vector memory light = Vector(0, 0, 0);
        Vector memory filter = Vector(ONE, ONE, ONE);
        for (uint256 bounce = 0; bounce < BOUNCES; bounce++) {
            (uint256 found, int256 distance) = nearest(balls, ray);
            if (distance == 0) break;
            Ball memory ball = balls[found];
            light = add(light, product(filter, ball.light));
            filter = product(filter, ball.colour);
            seed = next(seed);
            ray = reflect(ball, ray, distance, seed);
        }
        return (light, seed);
    }

    /// Where a ray goes on that meets a ball at a distance: as from a mirror, or anywhere, by the seed.
    function reflect(Ball memory ball, Ray memory ray, int256 distance, uint256 seed)
        private
        pure
        returns (Ray memory)
    {
        Vector memory point = add(ray.from, scale(ray.along, distance));
        Vector memory normal = unit(subtract(point, ball.centre));
        if (ball.mirror) {
            int256 towards = dot(ray.along, normal);
            return Ray(point, unit(subtract(ray.along, scale(normal, 2 * towards))));
        }
        return Ray(point, unit(add(normal, direction(seed))));
    }

    /// The ball that a ray meets first and how far away; a distance of zero where it meets none.
    function nearest(Ball[] memory balls, Ray memory ray) private pure returns (uint256 found, int256 distance) {
        for (uint256 i = 0; i < balls.length; i++) {
            int256 one = meet(balls[i], ray);
            if (one > 0 && (distance == 0 || one < distance)) {
                (found, distance) = (i, one);
            }
        }
    }

    function meet(Ball memory ball, Ray memory ray) private pure returns (int256) {
        Vector memory between = subtract(ball.centre, ray.from);
        int256 along = dot(between, ray.along);
        // In square millionths.
        int256 inner = along * along - ONE * dot(between, between) + ball.radius * ball.radius;
        if (inner < 0) return 0;
        int256 half = root(inner);
        if (along - half > NEAR) return along - half;
        if (along + half > NEAR) return along + half;
        return 0;
    }

    /// A vector of length one or so, from a seed.
    function direction(uint256 seed) private pure returns (Vector memory) {
        int256 x = int256(seed % 2_000_001) - ONE;
        int256 y = int256((seed >> 64) % 2_000_001) - ONE;
        int256 z = int256((seed >> 128) % 2_000_001) - ONE;
        return unit(Vector(x, y, z + 1));
    }

    /// Xorshift on 256 bits.
    function next(uint256 seed) private pure returns (uint256) {
        seed ^= seed << 41;
        seed ^= seed >> 137;
        return seed ^ (seed << 59);
    }

    function shade(int256 sum, uint256 paths) private pure returns (bytes1) {
        int256 value = (255 * sum) / int256(paths) / ONE;
        return bytes1(uint8(uint256(value > 255 ? int256(255) : value)));
    }

    /// The square root, rounded down, by Newton's iteration.
    function root(int256 value) private pure returns (int256 result) {
        result = value;
        int256 better = (value + 1) / 2;
        while (better < result) {
            result = better;
            better = (value / better + better) / 2;
        }
    }

    function add(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        return Vector(a.x + b.x, a.y + b.y, a.z + b.z);
    }

    function subtract(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        return Vector(a.x - b.x, a.y - b.y, a.z - b.z);
    }

    function product(Vector memory a, Vector memory b) private pure returns (Vector memory) {
        return Vector((a.x * b.x) / ONE, (a.y * b.y) / ONE, (a.z * b.z) / ONE);
    }

    function scale(Vector memory a, int256 by) private pure returns (Vector memory) {
        return Vector((a.x * by) / ONE, (a.y * by) / ONE, (a.z * by) / ONE);
    }

    function dot(Vector memory a, Vector memory b) private pure returns (int256) {
        return (a.x * b.x + a.y * b.y + a.z * b.z) / ONE;
    }

    function unit(Vector memory a) private pure returns (Vector memory) {
        int256 length = root(a.x * a.x + a.y * a.y + a.z * a.z);
        return Vector((a.x * ONE) / length, (a.y * ONE) / length, (a.z * ONE) / length);
    }
}
