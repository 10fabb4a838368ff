import Basics
import Store

/// Words of the columns of reports, for people; programs get them as they stand in the tables.
enum ReportWords {
  /// A word of a column; nil for one that needs no other.
  static func find(_ column: String, _ word: String) -> Bilingual? { words[column]?[word] }

  private static let words: [String: [String: Bilingual]] = [
    "step": steps, "why": remainders, "debt": debts,
  ]

  private static let steps = [
    "taps": Bilingual(uk: "Валідації", en: "Taps"),
    "rides": Bilingual(uk: "Поїздки", en: "Rides"),
    "bank_rides": Bilingual(
      uk: "Поїздки з банківською карткою чи телефоном", en: "Rides with bank card or phone"),
    "windows": Bilingual(uk: "Вікна оплати", en: "Charge windows"),
    "authorised": Bilingual(uk: "Дозволено банком", en: "Authorised"),
    "captured": Bilingual(uk: "Стягнуто", en: "Captured"),
    "settled": Bilingual(uk: "Розраховано еквайром", en: "Settled"),
    "bank": Bilingual(uk: "На рахунку, без комісії", en: "At the bank, less fees"),
  ]

  private static let debts = [
    "short": Bilingual(uk: "на рахунку бракувало", en: "the account was short"),
    "no account": Bilingual(uk: "нічого не поклали на картку", en: "nothing was ever put on"),
    "below nothing": Bilingual(uk: "залишок нижчий за нуль", en: "balance below nothing"),
  ]

  private static let remainders = [
    "no ride": Bilingual(uk: "поїздки немає", en: "no ride"),
    "no window": Bilingual(uk: "вікна оплати немає", en: "no charge window"),
    "another amount": Bilingual(
      uk: "вікна закрито на іншу суму", en: "charge windows of another amount"),
    "no account": Bilingual(
      uk: "рахунок телефону невідомий", en: "no payment account is known of the phone"),
    "closed": Bilingual(uk: "еквайра ще не запитано", en: "the acquirer was not asked yet"),
    "authorising": Bilingual(uk: "запитано, відповіді немає", en: "asked, not answered yet"),
    "authorised": Bilingual(uk: "дозволено, ще не стягнуто", en: "authorised, not captured yet"),
    "capturing": Bilingual(uk: "стягується", en: "being captured"),
    "retrying": Bilingual(uk: "відмовлено, пробуємо знову", en: "declined, tried again"),
    "debt": Bilingual(uk: "борг", en: "debt"),
    "written off": Bilingual(uk: "списано", en: "written off"),
    "not settled": Bilingual(uk: "еквайр ще не розрахувався", en: "not settled yet"),
    "charged back": Bilingual(uk: "оскаржено", en: "charged back"),
    "refunded": Bilingual(uk: "повернено", en: "refunded"),
  ]
}
