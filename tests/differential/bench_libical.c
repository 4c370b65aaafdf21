/* Nanoseconds an instance of libical for the rules of calendar/benches/expansion.rs: near DTSTART and in 2040. */
#include <libical/ical.h>
#include <stdio.h>
#include <time.h>

static const char *RULES[] = {
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "FREQ=HOURLY;INTERVAL=7",
};

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static long long measure(const char *text, int year)
{
    long long begin = now();
    long count = 0;
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
    icalrecur_iterator *iterator = icalrecur_iterator_new(rule, icaltime_from_string("19700101T090000"));
    for (;;) {
        struct icaltimetype at = icalrecur_iterator_next(iterator);
        if (icaltime_is_null_time(at) || at.year > year)
            break;
        count += at.year == year;
    }
    icalrecur_iterator_free(iterator);
    return (now() - begin) / (count ? count : 1);
}

int main(void)
{
    for (size_t each = 0; each < sizeof RULES / sizeof *RULES; each++)
        printf("libical %s: %lld ns an instance near, %lld far\n", RULES[each], measure(RULES[each], 1970),
               measure(RULES[each], 2040));
    return 0;
}
