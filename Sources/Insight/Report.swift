package import Basics

/// A report as a value: what it is about, its tables, and what is missing from it.
package struct Report: Sendable, Equatable {
  /// Name by which it is asked for: `daily`.
  package var name: String
  package var title: Bilingual
  package var days: ClosedRange<Day>
  /// `agency_id` of the operator it is about; nil is all.
  package var operatorID: String?
  package var madeAt: Instant
  package var tables: [ReportTable]
  /// What a reader must know, and what is missing.
  package var notes: [ReportNote]

  /// Whether anything is missing that will still change the numbers.
  package var isComplete: Bool { !notes.contains { $0.isMissing && $0.count > 0 } }
}

/// A table of a report: columns of one kind each.
package struct ReportTable: Sendable, Equatable {
  /// Name for programs: `operators`.
  package var key: String
  package var title: Bilingual
  package var columns: [ReportColumn]
  package var rows: [[ReportCell]]
  /// Sums by currency, one row each, as wide as the rows.
  package var totals: [[ReportCell]]
}

/// A column of a table.
package struct ReportColumn: Sendable, Equatable {
  /// What its cells are.
  package enum Kind: String, Sendable {
    case text, count, money
  }

  /// Name for programs: `charged_minor`.
  package var key: String
  package var header: Bilingual
  package var kind: Kind

  /// Makes a column.
  package init(_ key: String, _ header: Bilingual, _ kind: Kind) {
    self.key = key
    self.header = header
    self.kind = kind
  }
}

/// A cell of a table.
package enum ReportCell: Sendable, Equatable {
  /// Nothing is known, or nothing belongs here.
  case none
  case text(String)
  /// A word for programs and what people read instead.
  case label(String, Bilingual)
  case count(Int64)
  case money(Money)
}

/// A note below the tables.
package struct ReportNote: Sendable, Equatable {
  /// Name for programs: `rider_days_stale`.
  package var key: String
  package var text: Bilingual
  package var count: Int64
  /// Whether the count is of what is missing, so that more than 0 makes the report provisional.
  package var isMissing: Bool
  /// What is counted, where it has names.
  package var names: [String] = []
}
