#include "unit.h"

#include "base/ip.h"

static struct ip
parsed(const char *text)
{
	struct ip ip;
	if (!ip_parse(slice_of_str(text), true, &ip))
		fail_msg("\"%s\" was not read as an address", text);
	return ip;
}

static void
addresses_are_read_and_written_in_their_one_form(void **state)
{
	(void)state;
	static const struct {
		const char *text, *form;
	} cases[] = {{"192.0.2.7", "192.0.2.7"}, {"[192.0.2.7]", "192.0.2.7"},
		{"2001:db8::1", "2001:db8::1"}, {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"}, {"IPv6:2001:db8::1", "2001:db8::1"},
		{"[IPv6:2001:db8::1]", "2001:db8::1"}, {"ipv6:::1", "::1"},
		{"fe80::1%eth0", "fe80::1"}, {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"::ffff:192.0.2.7", "::ffff:192.0.2.7"}, {"192.0.2.0/24", "192.0.2.0/24"},
		{"2001:db8::/32", "2001:db8::/32"}, {"0.0.0.0/0", "0.0.0.0/0"},
		{"192.0.2.7/32", "192.0.2.7"}, {"::1/128", "::1"}};
	struct buf b = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ip ip = parsed(cases[i].text);
		buf_clear(&b);
		ip_add(&b, &ip);
		assert_string_equal(buf_str(&b), cases[i].form);
	}
	buf_fini(&b);
}

static void
what_is_no_address_is_none(void **state)
{
	(void)state;
	static const char *bad[] = {"", "unknown", "192.0.2", "192.0.2.256", "192.0.2.1.1",
		"192.0.2.1 ", "2001:db8", "2001:db8::1::2", "[192.0.2.7", "192.0.2.0/33", "::/129",
		"192.0.2.0/", "192.0.2.0/x", "/8", "[]", "::%", "12345::", "192.0.2.7.example.org",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
	struct ip ip;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		bool zone_only =
			strcmp(bad[i], "::%") == 0; /* the zone is cut, so this one is "::" */
		assert_int_equal(ip_parse(slice_of_str(bad[i]), true, &ip), zone_only);
		assert_int_equal(ip.family, zone_only ? 6 : 0);
	}
	assert_false(ip_parse(S("192.0.2.0/24"), false, &ip));
	assert_false(ip_parse(S("192.0.2.7\0"), false, &ip));
}

static void
no_address_is_written_as_nothing(void **state)
{
	(void)state;
	struct buf b = {0};
	ip_add(&b, &(struct ip){0});
	assert_text(b, "");
	buf_fini(&b);
}

static void
every_address_survives_the_round_trip(void **state)
{
	(void)state;
	uint64_t random = 8;
	struct buf b = {0};
	for (int i = 0; i < 20000; i++) {
		bool six = i % 2;
		struct ip ip = {.family = six ? 6 : 4}, back;
		ip.bits = (uint8_t)random_below(&random, six ? 129 : 33);
		for (int k = 0; k < (six ? 16 : 4); k++)
			ip.bytes[k] =
				(uint8_t)(random_below(&random, 3) ? random_next(&random) >> 56
								   : 0);
		buf_clear(&b);
		ip_add(&b, &ip);
		assert_true(ip_parse(buf_slice(&b), true, &back));
		assert_true(ip_equal(&ip, &back));
	}
	buf_fini(&b);
}

/* Against the definition: an address is in a network when the first `bits` bits are the same. */
static void
membership_is_the_first_bits(void **state)
{
	(void)state;
	uint64_t random = 9;
	for (int i = 0; i < 20000; i++) {
		bool six = i % 2;
		unsigned all = six ? 128 : 32, differs = (unsigned)random_below(&random, all);
		struct ip address = {.family = six ? 6 : 4, .bits = (uint8_t)all}, network;
		for (unsigned k = 0; k < all / 8; k++)
			address.bytes[k] = (uint8_t)(random_next(&random) >> 56);
		network = address;
		network.bits = (uint8_t)random_below(&random, all + 1);
		network.bytes[differs / 8] ^= (uint8_t)(0x80 >> differs % 8);
		assert_int_equal(ip_in(&address, &network), differs >= network.bits);
	}
}

static void
networks_hold_networks_but_no_other_family(void **state)
{
	(void)state;
	struct ip wide = parsed("10.0.0.0/8"), narrow = parsed("10.2.0.0/16"), six = parsed("::/0");
	struct ip any = parsed("0.0.0.0/0"), none = {0};
	assert_true(ip_in(&narrow, &wide));
	assert_false(ip_in(&wide, &narrow));
	assert_true(ip_in(&wide, &any));
	assert_false(ip_in(&wide, &six));
	assert_false(ip_in(&none, &any));
	assert_false(ip_in(&none, &none));
	assert_false(ip_equal(&wide, &any));
}

static void
loopback_is_known(void **state)
{
	(void)state;
	static const char *own[] = {"127.0.0.1", "127.255.0.9", "::1"};
	static const char *foreign[] = {"128.0.0.1", "::", "::2", "2001:db8::1"};
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		assert_true(ip_is_loopback(&(struct ip[]){parsed(own[i])}[0]));
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		assert_false(ip_is_loopback(&(struct ip[]){parsed(foreign[i])}[0]));
	assert_false(ip_is_loopback(&(struct ip){0}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written_in_their_one_form),
		cmocka_unit_test(what_is_no_address_is_none),
		cmocka_unit_test(no_address_is_written_as_nothing),
		cmocka_unit_test(every_address_survives_the_round_trip),
		cmocka_unit_test(membership_is_the_first_bits),
		cmocka_unit_test(networks_hold_networks_but_no_other_family),
		cmocka_unit_test(loopback_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
