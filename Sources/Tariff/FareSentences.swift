package import Basics

extension FareReason {
  /// The reason in words: each rule applied, then what was looked at and not applied.
  package func sentence(in language: Language) -> String {
    let parts = steps.map { $0.phrase(in: language, currency) }
    var text = parts.joined(separator: "; ")
    let others = Set(notApplied.compactMap { $0.refusal(in: language) }).sorted()
    if !others.isEmpty { text += " (" + others.joined(separator: "; ") + ")" }
    return text
  }
}

extension FareStep {
  private func amount(_ currency: Currency, in language: Language) -> String {
    Money(minor: minor ?? 0, currency: currency).text(in: language)
  }

  /// What the rule did, in words.
  func phrase(in language: Language, _ currency: Currency) -> String {
    let money = amount(currency, in: language)
    let count = number ?? 0
    let text: Bilingual
    switch code {
    case .price: text = Bilingual(uk: "ціна «\(rule)» \(money)", en: "price \"\(rule)\" \(money)")
    case .unknown: return missingPhrase(in: language)
    case .freeCategory:
      text = Bilingual(
        uk: "категорія «\(rule)» їде безкоштовно (\(money) відшкодовується)",
        en: "category \"\(rule)\" rides free (\(money) to be compensated)")
    case .reducedCategory:
      let people = Bilingual(uk: " (осіб: \(count))", en: " (\(count) people)")[language]
      text = Bilingual(
        uk: "категорія «\(rule)» платить на \(money) менше",
        en: "category \"\(rule)\" pays \(money) less")
      return text[language] + (count > 1 ? people : "")
    case .riders:
      text = Bilingual(
        uk: "пасажирів: \(count), за супутників \(money)",
        en: "\(count) people, companions \(money)")
    case .pass where minor != nil:
      text = Bilingual(
        uk: "квиток «\(rule)» покриває збори \(money)", en: "\"\(rule)\" pays the fees of \(money)")
    case .pass: text = Bilingual(uk: "діє квиток «\(rule)»", en: "carried by \"\(rule)\"")
    case .passPart:
      text = Bilingual(
        uk: "квиток «\(rule)» покриває \(money)", en: "\"\(rule)\" pays \(money) of it")
    case .trip:
      text = Bilingual(
        uk: "поїздка з квитка «\(rule)», лишилося \(count)",
        en: "one trip of \"\(rule)\", \(count) left")
    case .tripTransfer:
      text = Bilingual(
        uk: "пересадка за квитком «\(rule)», поїздку не списано",
        en: "transfer on \"\(rule)\", no trip used")
    case .incomplete:
      text = Bilingual(
        uk: "виходу не відмічено, неповна поїздка \(money)",
        en: "no tap off, incomplete ride \(money)")
    case .completedByHabit:
      text = Bilingual(
        uk: "виходу не відмічено, зупинку взято зі звички",
        en: "no tap off, the usual stop was taken")
    case .waived:
      text = Bilingual(
        uk: "вхід на «\(rule)»: вихід не вимагався, \(money)",
        en: "on at \"\(rule)\": tap off excused, \(money)")
    case .cancelled:
      text = Bilingual(
        uk: "вихід на зупинці входу, поїздки не було",
        en: "off at the boarding stop, no ride was made")
    default: return transferPhrase(in: language, money, count)
    }
    return text[language]
  }

  private func transferPhrase(
    in language: Language, _ money: String, _ count: Int64
  ) -> String {
    let text: Bilingual
    switch code {
    case .transferFree:
      text = Bilingual(
        uk: "безкоштовна пересадка «\(rule)»", en: "free transfer \"\(rule)\"")
    case .transferDifference:
      text = Bilingual(
        uk: "пересадка «\(rule)»: зараховано \(money)",
        en: "transfer \"\(rule)\": \(money) credited")
    case .transferSupplement:
      text = Bilingual(
        uk: "пересадка «\(rule)»: доплата \(money)",
        en: "transfer \"\(rule)\": supplement \(money)")
    case .transferDiscount:
      text = Bilingual(
        uk: "пересадка «\(rule)»: знижка \(money)", en: "transfer \"\(rule)\": \(money) off")
    case .transferOpens:
      text = Bilingual(
        uk: "пересадка «\(rule)» триває \(count) хв", en: "opens \"\(rule)\" for \(count) min")
    case .transferBeside:
      text = Bilingual(
        uk: "оплачується поза пересадкою «\(rule)»", en: "paid beside transfer \"\(rule)\"")
    case .chain:
      text = Bilingual(
        uk: "продовження поїздки «\(rule)», уже сплачено \(money)",
        en: "continues \"\(rule)\", \(money) already paid")
    case .cap:
      text = Bilingual(
        uk: "обмеження «\(rule)» зменшує на \(money)", en: "cap \"\(rule)\" takes off \(money)")
    case .surcharge:
      text = Bilingual(uk: "збір «\(rule)» \(money)", en: "fee \"\(rule)\" \(money)")
    case .discount where number == nil:
      text = Bilingual(uk: "знижка «\(rule)»: \(money)", en: "discount \"\(rule)\": \(money)")
    case .discount:
      text = Bilingual(
        uk: "знижка «\(rule)» на поїздку № \(count): \(money)",
        en: "discount \"\(rule)\" on ride \(count): \(money)")
    case .topUpFee:
      text = Bilingual(
        uk: "комісія за автопоповнення \(money)", en: "automatic top-up fee \(money)")
    case .ticket:
      text = Bilingual(
        uk: "квиток «\(rule)» \(money), поїздок: \(count)",
        en: "ticket \"\(rule)\" \(money) for \(count) rides")
    case .onTicket:
      text = Bilingual(
        uk: "на квитку «\(rule)» попередньої поїздки",
        en: "on the ticket \"\(rule)\" of an earlier ride")
    case .passBack:
      text = Bilingual(
        uk: "повторне прикладання в тому ж транспорті", en: "second tap on the same vehicle")
    case .rounded: text = Bilingual(uk: "округлення \(money)", en: "rounded by \(money)")
    case .laterRides:
      text = Bilingual(
        uk: "пізніші поїздки (\(count)), сплачені до її кінця, враховано після неї: \(money)",
        en: "later rides (\(count)) that were paid before it ended are counted behind it: \(money)")
    default: text = Bilingual(uk: rule, en: rule)
    }
    return text[language]
  }

  /// What is missing: the rule is `part:value`.
  private func missingPhrase(in language: Language) -> String {
    let parts = rule.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let part = String(parts.first ?? "")
    let value = parts.count > 1 ? String(parts[1]) : ""
    let text: Bilingual
    switch part {
    case "category":
      text = Bilingual(
        uk: "немає тарифу: невідома категорія «\(value)»",
        en: "no fare: unknown category \"\(value)\"")
    case "service":
      text = Bilingual(
        uk: "немає тарифу: жодне правило не підходить (\(value))",
        en: "no fare: no rule fits (\(value))")
    case "price":
      text = Bilingual(
        uk: "немає тарифу: для цієї поїздки не вказано ціни (\(value))",
        en: "no fare: no price is given for this ride (\(value))")
    case "end":
      text = Bilingual(
        uk: "немає тарифу: невідомо, де закінчилася поїздка (\(value))",
        en: "no fare: the end of the ride is not known (\(value))")
    case "ticket":
      text = Bilingual(
        uk: "немає тарифу: жоден квиток не підходить (\(value))",
        en: "no fare: no ticket covers the ride (\(value))")
    case "date":
      text = Bilingual(
        uk: "немає тарифу: на \(value) не діє жоден тариф",
        en: "no fare: no tariff is in force on \(value)")
    default: text = Bilingual(uk: "немає тарифу: \(rule)", en: "no fare: \(rule)")
    }
    return text[language]
  }

  /// Why a candidate was not applied; nil when that is not worth saying.
  func refusal(in language: Language) -> String? {
    switch code {
    case .transferFree, .transferDifference:
      guard let number, number > 0 else {
        return Bilingual(
          uk: "пересадка «\(rule)» не діє", en: "transfer \"\(rule)\" does not apply")[language]
      }
      return Bilingual(
        uk: "пересадка «\(rule)» закінчилася \(number) хв тому",
        en: "transfer \"\(rule)\" ended \(number) min before")[language]
    case .pass:
      return Bilingual(
        uk: "квиток «\(rule)» не застосовано", en: "\"\(rule)\" not applied")[language]
    case .trip:
      return Bilingual(
        uk: "поїздку з квитка «\(rule)» не списано: ця нічого не коштує",
        en: "no trip of \"\(rule)\" is used, since the ride costs nothing")[language]
    case .passBack:
      return Bilingual(
        uk: "квиток «\(rule)» щойно прикладено в цьому транспорті",
        en: "\"\(rule)\" was used on this vehicle a moment before")[language]
    case .ticket:
      return Bilingual(
        uk: "квиток «\(rule)» був би дорожчий", en: "ticket \"\(rule)\" would cost more")[language]
    default: return nil
    }
  }
}
