import Basics
import Charging
import Ledger
import Postgres
import Tapping
import Transit
import Wallet

/// Columns of a table that hold one of a closed list of words, or a currency.
///
/// Whoever reads a row with another word stops there; a proof has to say which row it is.
package struct StoredWords: Sendable {
  package let table: String
  /// Columns by which a row is named.
  package let key: [String]
  /// The words of each column; nil where it is a currency.
  package let columns: [(name: String, words: Set<String>?)]
  /// Whether only a proof of the taps reads it.
  package var isOfTaps = false

  private static func words<Word: CaseIterable & RawRepresentable<String>>(
    _ type: Word.Type
  ) -> Set<String> {
    Set(Word.allCases.map(\.rawValue))
  }

  /// All columns that the program reads as words.
  package static let all: [StoredWords] = [
    StoredWords(table: "account", key: ["code"], columns: [("kind", words(AccountKind.self))]),
    StoredWords(
      table: "entry", key: ["entry_id"],
      columns: [("kind", words(EntryKind.self)), ("currency", nil)]),
    StoredWords(
      table: "accounting_period", key: ["period"],
      columns: [("state", words(AccountingPeriod.State.self))]),
    StoredWords(
      table: "adjustment", key: ["adjustment_id"],
      columns: [("state", words(AdjustmentRow.State.self)), ("currency", nil)]),
    StoredWords(
      table: "accepted_finding", key: ["acceptance_id"],
      columns: [("state", words(AcceptedFindingRow.State.self))]),
    StoredWords(
      table: "rerating_order", key: ["order_id"],
      columns: [("state", words(ReratingState.self))]),
    StoredWords(
      table: "past_change", key: ["change_id"],
      columns: [
        ("kind", words(PastChangeKind.self)), ("state", words(PastChangeState.self)),
      ]),
    StoredWords(
      table: "stop_correction", key: ["correction_id"],
      columns: [("state", words(StopCorrectionState.self))]),
    StoredWords(
      table: "ride", key: ["fare_day", "lane", "ride_id"],
      columns: [
        ("medium", words(MediumKind.self)), ("mode", words(Mode.self)), ("currency", nil),
      ]),
    StoredWords(
      table: "medium", key: ["medium_id"],
      columns: [("kind", words(MediumKind.self)), ("state", words(MediumState.self))]),
    StoredWords(
      table: "wallet_account", key: ["account_id"], columns: [("currency", nil)]),
    StoredWords(
      table: "wallet_movement", key: ["movement_id"],
      columns: [("kind", words(MovementKind.self)), ("channel", words(MoneyChannel.self))]),
    StoredWords(table: "erased_fare", key: ["erased_fare_id"], columns: [("currency", nil)]),
    StoredWords(
      table: "product_holding", key: ["holding_id"],
      columns: [
        ("state", words(ProductUse.State.self)), ("channel", words(MoneyChannel.self)),
        ("refund_channel", words(MoneyChannel.self)), ("currency", nil),
      ]),
    StoredWords(
      table: "card_standing", key: ["medium_id"],
      columns: [("state", words(CardStanding.State.self))]),
    StoredWords(
      table: "charge_window", key: ["window_id"],
      columns: [
        ("state", words(ChargeWindow.State.self)), ("asked_by", words(Asker.self)),
        ("recovered_by", words(Asker.self)), ("currency", nil),
      ]),
    StoredWords(
      table: "charge_refund", key: ["refund_id"],
      columns: [("state", words(RefundRow.State.self))]),
    StoredWords(
      table: "chargeback", key: ["case_id"], columns: [("stage", words(ChargebackStage.self))]),
    StoredWords(
      table: "money_order", key: ["order_id"],
      columns: [("kind", words(MoneyOrderRow.Kind.self)), ("currency", nil)]),
    StoredWords(
      table: "acquirer_record", key: ["record_id"],
      columns: [
        ("category", words(MatchCategory.self)), ("stage", words(ChargebackStage.self)),
        ("currency", nil),
      ]),
    StoredWords(
      table: "acquirer_sale", key: ["sale_id"],
      columns: [("kind", words(KnownSale.Kind.self)), ("currency", nil)]),
    StoredWords(table: "payout", key: ["payout_id"], columns: [("currency", nil)]),
    StoredWords(table: "bank_statement", key: ["statement_id"], columns: [("currency", nil)]),
    StoredWords(
      table: "statement_line", key: ["line_id"],
      columns: [("subject", words(StatementSubject.self)), ("currency", nil)]),
    StoredWords(table: "subsidy_claim", key: ["claim_id"], columns: [("currency", nil)]),
    StoredWords(
      table: "tap", key: ["device_id", "epoch", "seq"],
      columns: [("kind", words(TapKind.self)), ("medium", words(MediumKind.self))],
      isOfTaps: true),
    StoredWords(
      table: "tap_quarantine", key: ["device_id", "epoch", "seq"],
      columns: [("state", words(QuarantineState.self))], isOfTaps: true),
  ]

  /// Whether a column may hold a text.
  func isKnown(_ text: String, words: Set<String>?) -> Bool {
    words?.contains(text) ?? (Currency(text) != nil)
  }
}

extension BookProofTables {
  /// The first row of each word that stands in a column and is none of its words.
  package func unknownWords(in stored: StoredWords) async throws -> [String] {
    let names = stored.columns.map(\.name).joined(separator: ", ")
    let rows = try await connection.query("select distinct \(names) from \(stored.table)")
    var findings: [String] = []
    for (index, column) in stored.columns.enumerated() {
      let unknown = Set(try rows.compactMap { try $0.textOrNil(index) })
        .filter { !stored.isKnown($0, words: column.words) }
      for text in unknown.sorted() {
        let keys = stored.key.map { "\($0)::text" }.joined(separator: ", ")
        let row = try await connection.query(
          """
          select concat_ws('/', \(keys)) from \(stored.table) where \(column.name) = $1
          order by 1 limit 1
          """, [.text(text)]
        ).only()
        findings.append(
          "\(stored.table) \(try row.text(0)): \(column.name) holds \"\(text)\", which is no word of it"
        )
      }
    }
    return findings
  }
}
