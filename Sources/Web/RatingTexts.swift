import Basics

extension Texts {
  /// What the page of orders to rate anew says.
  static let rating: [String: Bilingual] = [
    "rating_title": Bilingual(uk: "Перерахунок вартості", en: "Rating anew"),
    "rating_order": Bilingual(uk: "Розпорядження", en: "Order"),
    "rating_orders": Bilingual(uk: "Розпорядження", en: "Orders"),
    "rating_days": Bilingual(uk: "Дні поїздок", en: "Fare days"),
    "rating_of": Bilingual(uk: "Підстава", en: "Of"),
    "rating_of_period": Bilingual(uk: "чинний тариф", en: "the tariff in force"),
    "rating_of_tariff": Bilingual(uk: "виправлений тариф", en: "a mended tariff"),
    "rating_of_network": Bilingual(uk: "мережа", en: "network"),
    "rating_change": Bilingual(uk: "Зміна, без знаків", en: "Change, without signs"),
    "rating_asked": Bilingual(uk: "Подано", en: "Asked for by"),
    "rating_decided": Bilingual(uk: "Вирішено", en: "Decided by"),
    "rating_fault": Bilingual(uk: "Чому не виконано", en: "Why it is not carried out"),
    "rating_riders": Bilingual(uk: "Пасажирів, їхніх днів", en: "Riders, and their days"),
    "rating_changed": Bilingual(uk: "З них змінюється", en: "Of them changed"),
    "rating_marked": Bilingual(
      uk: "Днів пасажирів позначено до перерахунку", en: "Rider-days marked to be rated anew"),
    "rating_placed": Bilingual(
      uk: "Валідацій з іншою зупинкою", en: "Taps placed at another stop"),
    "rating_shared": Bilingual(
      uk: "Поїздок, дохід від яких ділиться інакше",
      en: "Rides whose money is shared by another rule"),
    "rating_without_fare": Bilingual(uk: "без відомої ціни", en: "without a fare"),
    "rating_who_decides": Bilingual(uk: "Хто вирішує", en: "Who decides"),
    "rating_another": Bilingual(
      uk: "інша особа з роллю бухгалтера чи адміністратора, не",
      en: "another person, accountant or admin, not"),
    "rating_anybody": Bilingual(
      uk: "будь-хто з роллю бухгалтера чи адміністратора", en: "any accountant or admin"),
    "rating_operators": Bilingual(uk: "Зміни за перевізниками", en: "Changes by operator"),
    "rating_reversed": Bilingual(uk: "Поїздок знято", en: "Rides reversed"),
    "rating_added": Bilingual(uk: "Поїздок додано", en: "Rides added"),
    "rating_before": Bilingual(uk: "Було", en: "Before"),
    "rating_after": Bilingual(uk: "Стане", en: "After"),
    "rating_difference": Bilingual(uk: "Різниця", en: "Difference"),
    "rating_largest": Bilingual(uk: "Найбільші зміни", en: "Largest changes"),
    "rating_rider": Bilingual(uk: "Пасажир", en: "Rider"),
    "rating_nothing": Bilingual(uk: "Нічого не змінюється.", en: "Nothing changes."),
    "rating_not_yet": Bilingual(
      uk: "Зміни ще обчислюються; показано пораховане досі.",
      en: "What changes is being worked out; shown is what was counted so far."),
    "rating_take_back": Bilingual(uk: "Відхилити або відкликати", en: "Refuse, or take it back"),
    "rating_hint": Bilingual(
      uk: "Погоджує інша особа, ніж подала; кожна вводить власний ключ доступу. Відкликати може й "
        + "той, хто подав.",
      en: "Another person approves than asked for it, each by their own access token. Whoever "
        + "asked may take it back."),
    "rating_state_previewing": Bilingual(uk: "обчислюється", en: "being worked out"),
    "rating_state_requested": Bilingual(
      uk: "чекає на рішення", en: "waits for a decision"),
    "rating_state_approved": Bilingual(uk: "погоджено, звіряється", en: "approved, being compared"),
    "rating_state_marking": Bilingual(uk: "виконується", en: "being carried out"),
    "rating_state_refused": Bilingual(uk: "відхилено", en: "refused"),
    "rating_state_done": Bilingual(uk: "виконано", en: "carried out"),
    "rating_state_looking": Bilingual(
      uk: "перегляд обчислюється", en: "a preview, being worked out"),
    "rating_state_previewed": Bilingual(
      uk: "лише перегляд", en: "a preview, nothing is ordered"),
  ]
}
