#include "base/uuid.h"

#include <assert.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/chance.h"
#include "base/clock.h"

#define UUID_BYTES ((size_t)16)
#define TIME_BYTES 6

void uuid7_make(int64_t unix_ms, const uint8_t chance[UUID7_CHANCE_SIZE], char out[UUID7_TEXT_SIZE])
{
    uint8_t id[UUID_BYTES];
    char digits[2 * UUID_BYTES + 1];
    size_t at = 0;

    assert(unix_ms >= 0 && unix_ms < INT64_C(1) << 48);
    for (size_t i = 0; i < TIME_BYTES; i++) {
        id[i] = (uint8_t)(unix_ms >> (8 * (TIME_BYTES - 1 - i)));
    }
    for (size_t i = 0; i < UUID7_CHANCE_SIZE; i++) {
        id[TIME_BYTES + i] = chance[i];
    }
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x70); /* version 7 */
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
    hex_encode((struct bytes){.at = id, .n = UUID_BYTES}, digits);
    for (size_t i = 0; i < 2 * UUID_BYTES; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            out[at++] = '-';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

enum status uuid7_new(char out[UUID7_TEXT_SIZE], struct failure *err)
{
    uint8_t chance[UUID7_CHANCE_SIZE];
    enum status status = chance_fill(chance, sizeof(chance), err);

    if (status == STATUS_OK) {
        uuid7_make(clock_unix_ms(), chance, out);
    }
    return status;
}
