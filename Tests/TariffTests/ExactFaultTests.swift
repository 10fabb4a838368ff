import Tariff
import Testing

private let head = """
  effective: {from: 2024-01-01}
  currency: UAH
  timezone: Europe/Kyiv
  categories: {adult: {}}

  """

private struct Exact: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var text: String
  var says: String

  init(_ name: String, _ text: String, _ says: String) {
    testDescription = name
    self.text = text
    self.says = says
  }
}

/// The faults of the field, word for word: file, line, what is wrong, and what would be right.
struct ExactFaultTests {
  @Test(arguments: [
    Exact(
      "a transfer that comes back to where it began",
      head + "fares: [{name: f, price: 1}]\ntransfers:\n"
        + "- {name: t, within: 30 min, extends: always, pays: free}\n",
      "tariff.yaml:7: warning: transfer \"t\" can go round for ever on one fare: it is free, "
        + "extended by each ride and has no \"count\"; give it one, or let it be extended "
        + "\"when_paid\""),
    Exact(
      "prices that name each other",
      head + "prices: {a: \"@b\", b: \"@a\"}\nfares: [{name: f, price: \"@a\"}]\n",
      "tariff.yaml:5: error: prices refer to each other in a circle: a → b → a; give one an amount"),
    Exact(
      "a negative price", head + "fares:\n- name: f\n  price: -1.00\n",
      "tariff.yaml:7: error: a price is not below zero; a discount has a rule of its own"),
    Exact(
      "a cap in another currency",
      head + "fares: [{name: f, price: 1}]\ncaps:\n- {name: c, per: day, amount: 5.00 EUR}\n",
      "tariff.yaml:7: error: the amount is in EUR; this tariff is in UAH"),
    Exact(
      "two versions in force on one day",
      head + "version: a\nfares: [{name: f, price: 1}]\n---\n" + head
        + "version: b\nfares: [{name: f, price: 1}]\n",
      "tariff.yaml:8: error: two versions are in force on 2024-01-01: \"a\" and \"b\"; end one before "
        + "the other begins"),
    Exact(
      "a zone that no stop has",
      head + "zones: [1, 2]\nfares:\n- {name: f, when: {zone: 7}, price: 1}\n",
      "tariff.yaml:7: error: no stop is in zone \"7\"; zones: 1, 2"),
    Exact(
      "a holiday file that is missing",
      head + "holidays: feasts.yaml\nfares: [{name: f, price: 1}]\n",
      "tariff.yaml:5: error: no file \"feasts.yaml\" beside the tariff; it should list holidays"),
    Exact(
      "a holiday that is no day", head + "holidays: [2023-02-29]\nfares: [{name: f, price: 1}]\n",
      "tariff.yaml:5: error: a holiday is a date such as 2026-11-22, not \"2023-02-29\""),
    Exact(
      "ten megabytes", String(repeating: "# a long comment\n", count: 616_811),
      "tariff.yaml:1: error: 10485787 bytes; a tariff file has at most 1048576: split it, or move "
        + "tables into lists"),
    Exact(
      "anchors that explode",
      "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
        + "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
        + "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
      "tariff.yaml:1: error: more than 200000 parts once anchors are written out; name prices in "
        + "\"prices\" and values in \"lists\" instead"),
    Exact(
      "an unknown key", head + "fares:\n- {name: f, prise: 1}\n",
      "tariff.yaml:6: error: unknown key \"prise\" in a fare; did you mean \"price\"?"),
    Exact(
      "a rule that is never reached",
      head + "fares:\n- {name: all, price: 1}\n- {name: bus, when: {mode: bus}, price: 2}\n",
      "tariff.yaml:7: warning: fare \"bus\" is never reached: \"all\" on line 6 takes all its rides"
    ),
    Exact(
      "services that are no map", head + "services: [bus]\nfares: [{name: f, price: 1}]\n",
      "tariff.yaml:5: error: \"services\" is a map of names, not a list"),
    Exact(
      "a direction that no route has",
      head + "fares: [{name: f, when: {direction: 2}, price: 1}]\n",
      "tariff.yaml:5: error: a direction is 0 or 1, not \"2\""),
    Exact(
      "a source without its date",
      head + "sources: [{url: none, says: invented}]\nfares: [{name: f, price: 1}]\n",
      "tariff.yaml:5: error: a source needs the key \"seen\""),
    Exact(
      "a date that is in and out",
      head + "times: {t: [{also_on: [2024-05-01], not_on: [2024-05-01]}]}\n"
        + "fares: [{name: f, price: {by: time, t: 1, others: 2}}]\n",
      "tariff.yaml:5: error: 2024-05-01 is in \"also_on\" and in \"not_on\""),
  ])
  private func aFaultIsSaidWordForWord(_ exact: Exact) {
    let source = TariffSource(
      folder: "tried", files: [TariffFile(path: "tariff.yaml", text: exact.text)])
    let faults = source.load().faults.map(\.description)
    #expect(faults.contains(exact.says), "\(faults.prefix(5))")
  }

  @Test func aVersionThatDoesNotSayWhereItIsFromIsDoubted() {
    let source = TariffSource(
      folder: "tried",
      files: [
        TariffFile(path: "tariff.yaml", text: head + "fares: [{name: f, price: 1}]\n"),
        TariffFile(
          path: "cases/a.yaml",
          text: "- case: a\n  day: 2024-05-14\n  rides: [{at: \"08:00\", mode: bus, pays: 1}]\n"),
      ])
    let check = source.check()
    #expect(check.isGood)
    #expect(
      check.faults.map(\.description) == [
        "tariff.yaml:1: warning: version \"2024-01-01\" has no \"sources\"; say where each rule is "
          + "from, and when that was read",
        "tariff.yaml:1: warning: version \"2024-01-01\" has no \"modelled\"; say which rules of the "
          + "city it holds",
        "tariff.yaml:1: warning: version \"2024-01-01\" has no \"not_modelled\"; say which rules of "
          + "the city it leaves out",
      ])
  }
}
