package import Basics

/// What a decline of a card means, for the person whose card it is.
package enum DeclineWords {
  /// The code of a payment that was taken, and that the acquirer then did not honour without saying why.
  package static let notHonoured = "not honoured"

  /// The words for the code of a decline (ISO 8583, field 39).
  ///
  /// A code that is not known here is told as it is: the rider's bank knows it.
  package static func words(for code: String) -> Bilingual {
    switch code {
    case "51", "61", "65":
      Bilingual(
        uk: "на картці бракує грошей або перевищено її ліміт",
        en: "there is not enough money on the card, or its limit is reached")
    case "33", "54":
      Bilingual(uk: "строк дії картки минув", en: "the card has expired")
    case "41", "43", "62":
      Bilingual(
        uk: "банк заблокував картку (втрачена, викрадена або обмежена)",
        en: "the bank has blocked the card (lost, stolen or restricted)")
    case "14", "15", "56":
      Bilingual(uk: "банк такої картки не знає", en: "the bank does not know the card")
    case "57", "58", "93":
      Bilingual(
        uk: "банк не дозволяє цією карткою таких оплат",
        en: "the bank does not allow such payments by this card")
    case "05", "04", "07", "59":
      Bilingual(
        uk: "банк відмовив, не сказавши чому", en: "the bank refused without saying why")
    case notHonoured:
      Bilingual(
        uk: "узятий платіж не підтвердився", en: "the payment that was taken was not honoured")
    case "91", "96":
      Bilingual(uk: "банк картки не відповів", en: "the bank of the card did not answer")
    default:
      Bilingual(
        uk: "банк відмовив з кодом \(code)", en: "the bank refused with the code \(code)")
    }
  }
}
